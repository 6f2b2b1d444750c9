// Makes the page of the description from openapi.json: every operation, with a form to try it.
// Whatever comes from the server becomes text, never markup.
"use strict";

function element(name, attributes, ...children) {
  const made = document.createElement(name);
  for (const [key, value] of Object.entries(attributes || {})) {
    if (value === true) made.setAttribute(key, "");
    else if (value !== false && value !== undefined) made.setAttribute(key, value);
  }
  made.append(...children.filter((child) => child !== undefined && child !== null));
  return made;
}

// The name of a schema, or what it is made of, in a few words.
function shape(schema) {
  if (!schema) return "";
  if (schema.$ref) {
    const name = schema.$ref.split("/").pop();
    return element("a", { href: "#shape-" + name }, name);
  }
  if (schema.type === "array") return element("span", {}, "list of ", shape(schema.items));
  const either = schema.oneOf || schema.anyOf || schema.allOf;
  if (either) {
    const parts = either.flatMap((one, at) => (at ? [" or ", shape(one)] : [shape(one)]));
    return element("span", {}, ...parts);
  }
  const types = [].concat(schema.type || "anything").join(" or ");
  return schema.enum ? types + ": " + schema.enum.join(", ") : types;
}

function parameterRow(parameter) {
  const input = element("input", {
    name: parameter.name,
    "data-in": parameter.in,
    required: parameter.required === true,
    placeholder: parameter.example ?? parameter.schema?.default ?? "",
    "aria-label": parameter.name,
  });
  return element("tr", {},
    element("td", {}, element("code", {}, parameter.name), element("div", { class: "faint" }, parameter.in)),
    element("td", {}, parameter.description || "", " ", element("span", { class: "faint" }, shape(parameter.schema))),
    element("td", {}, input));
}

function responseRow(status, response) {
  const media = Object.entries(response.content || {});
  const kinds = media.flatMap(([name, content], at) => [at ? ", " : "", name + " ", shape(content.schema)]);
  return element("tr", {},
    element("td", {}, element("code", {}, status)),
    element("td", {}, response.description || ""),
    element("td", { class: "faint" }, ...kinds));
}

// Asks what the form says and shows what came back.
async function ask(form, method, path, output) {
  let asked = path;
  const query = new URLSearchParams();
  const headers = {};
  for (const input of form.querySelectorAll("input[data-in]")) {
    if (!input.value) continue;
    if (input.dataset.in === "path") asked = asked.replace("{" + input.name + "}", encodeURIComponent(input.value));
    else if (input.dataset.in === "header") headers[input.name] = input.value;
    else input.value.split(" | ").forEach((value) => query.append(input.name, value));
  }
  const token = sessionStorage.getItem("token");
  if (token) headers.Authorization = "Bearer " + token;
  const accept = form.querySelector("select[name=accept]");
  if (accept) headers.Accept = accept.value;
  const body = form.querySelector("textarea")?.value;
  if (body) headers["Content-Type"] = "application/json";
  if ([...query].length) asked += "?" + query;
  output.textContent = method + " " + asked + "\n…";
  try {
    const response = await fetch(asked, { method, headers, body: body || undefined });
    const text = await response.text();
    const most = 200000;
    const rest = text.length > most ? "\n… and " + (text.length - most) + " characters more" : "";
    output.textContent = method + " " + asked + "\n" + response.status + " " + response.statusText
      + "\n\n" + text.slice(0, most) + rest;
  } catch (error) {
    output.textContent = method + " " + asked + "\n" + error;
  }
}

function operationBox(path, method, operation) {
  const output = element("pre", { hidden: true, "aria-live": "polite" });
  const media = Object.keys(operation.responses?.["200"]?.content || {}).filter((name) => name !== "text/event-stream");
  const rows = (operation.parameters || []).map(parameterRow);
  const form = element("form", {});
  if (rows.length) form.append(element("table", {}, ...rows));
  if (operation.requestBody) form.append(element("textarea", { "aria-label": "body", placeholder: "{}" }));
  if (media.length) {
    const options = media.map((name) => element("option", { value: name }, name));
    form.append(element("select", { name: "accept", "aria-label": "form" }, ...options), " ");
    form.append(element("button", {}, "Ask"));
  }
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    output.hidden = false;
    ask(form, method.toUpperCase(), path, output);
  });
  const responses = Object.entries(operation.responses || {}).map(([status, response]) => responseRow(status, response));
  const inside = element("div", {}, element("p", {}, operation.description || ""), form, output,
    element("h3", {}, "Responses"), element("table", {}, ...responses));
  return element("details", { "data-text": (path + " " + (operation.summary || "")).toLowerCase() },
    element("summary", {}, element("span", { class: "method" }, method.toUpperCase()),
      element("span", { class: "path" }, path), " ", element("span", { class: "faint" }, operation.summary || "")),
    inside);
}

function shapeBox(name, schema) {
  const fields = Object.entries(schema.properties || {}).map(([field, value]) => element("tr", {},
    element("td", {}, element("code", {}, field)),
    element("td", { class: "faint" }, shape(value)),
    element("td", {}, value.description || "")));
  const box = element("details", { id: "shape-" + name },
    element("summary", {}, element("code", {}, name), " ", element("span", { class: "faint" }, schema.description || "")),
    element("div", {}, fields.length ? element("table", {}, ...fields) : shape(schema)));
  return box;
}

function show(api) {
  document.getElementById("about").textContent = api.info.description || "";
  const operations = document.getElementById("operations");
  for (const tag of api.tags || []) {
    const section = element("section", {}, element("h2", {}, tag.description || tag.name));
    for (const [path, item] of Object.entries(api.paths)) {
      if (path.startsWith("/api/v1/maps/{map}/")) continue;
      for (const method of ["get", "post", "put", "patch", "delete"]) {
        if (item[method]?.tags?.includes(tag.name)) section.append(operationBox(path, method, item[method]));
      }
    }
    operations.append(section);
  }
  operations.append(element("p", { class: "faint" },
    "Everything about the map can also be asked of an uploaded one, below /api/v1/maps/{map}."));
  const shapes = document.getElementById("shapes");
  for (const [name, schema] of Object.entries(api.components?.schemas || {})) shapes.append(shapeBox(name, schema));
  const problems = document.getElementById("problems");
  for (const kind of api["x-problems"] || []) {
    problems.append(element("dt", { id: "problem-" + kind.name }, kind.status + " " + kind.name));
    problems.append(element("dd", {}, kind.title));
  }
  const open = () => document.getElementById(location.hash.slice(1))?.setAttribute("open", "");
  window.addEventListener("hashchange", open);
  open();
  document.getElementById("search").addEventListener("input", (event) => {
    const word = event.target.value.toLowerCase();
    for (const box of operations.querySelectorAll("details")) box.hidden = !box.dataset.text.includes(word);
  });
}

fetch("/api/v1/openapi.json")
  .then((response) => response.json())
  .then(show)
  .catch((error) => { document.getElementById("about").textContent = "The description cannot be read: " + error; });
