// Words in and out: searches, filters, ids, times, numbers, files.
import { expect, test } from "vitest";
import { csv } from "../../src/csv";
import { has, quoted, terms, toggle } from "../../src/filter";
import { address, dependency, hostOf, portOf, service, target } from "../../src/id";
import { bytes, counted, percent } from "../../src/number";
import { isAddress, isNetwork, meaning, offers } from "../../src/search";
import type { Host } from "../../src/api/types";
import { dated, parted } from "../../src/target";
import { clock, moment, span, utc } from "../../src/time";

test("the box knows what is meant", () => {
  const kinds = (text: string): unknown => {
    const meant = meaning(text);
    return "page" in meant && meant.kind === "list" ? `${meant.kind} ${meant.page}` : meant.kind;
  };
  for (const [text, kind] of [
    ["10.0.3.9", "host"], ["10.0.3.9@2026-03-14T10:04Z", "host"], ["db1", "host"], ["fe80::1", "host"], ["::1", "host"],
    ["10.0.3.0/24", "network"], ["fd00::/8", "network"], ["10.0.3.9:5432", "service"], ["[fe80::1]:80/tcp", "service"], ["db1:5432", "service"],
    ["label:crown", "list hosts"], ["role:database", "list hosts"], ["user:eve", "seen"], ["cert:3fa9", "seen"],
    ["a".repeat(64), "seen"], ["t13d1516h2_8daaf6152771_b186095e22b6", "seen"],
    ["CERT-01", "list findings"], ["band:high", "list findings"], ["days_left:<30", "list certificates"], ["port:443 proto:tls", "list services"],
    ["client:10.0.0.1 port:22", "list dependencies"], ["isolate 10.0.3.0/24", "isolate"], ["spread ws1 since 10:04", "spread"],
    ["path ws1 to db1", "path"], ["blast 10.0.0.1", "incident"], ["findings", "page"], ["", "nothing"], ["  ", "nothing"],
  ]) expect(kinds(text ?? ""), text).toBe(kind);
  expect(meaning("spread ws1 since 10:04")).toEqual({ kind: "spread", target: "ws1", at: "10:04" });
  expect(meaning("isolate a b")).toEqual({ kind: "isolate", targets: ["a", "b"] });
});

test("addresses and networks are told from what looks like them", () => {
  for (const [text, is] of [["10.0.0.256", false], ["10.0.0", false], ["1.2.3.4", true], ["a:b", false], ["2001:db8::1", true]] as const) expect(isAddress(text), text).toBe(is);
  for (const [text, is] of [["10.0.0.0/8", true], ["10.0.0.0", false], ["10.0.0.0/8/9", false], ["x/8", false]] as const) expect(isNetwork(text), text).toBe(is);
});

const host = (id: string, ...names: string[]): Host => ({
  id, addresses: [id], realm: null, vlans: [], macs: [], vendor: null, roles: [], labels: [], internal: true, first: null, last: null,
  names: names.map((name) => ({ name, source: "dns", first: null, last: null })),
});

test("the host that is called so comes before those that contain it", () => {
  const hosts = [host("10.0.0.3", "mydb1.lab"), host("10.0.0.10", "db10.lab"), host("10.0.0.2", "db1.lab"), host("10.0.0.1", "web")];
  expect(offers("db1", hosts).map((offer) => offer.id)).toEqual(["10.0.0.2", "10.0.0.10", "10.0.0.3"]);
  expect(offers("10.0.0.1", hosts).map((offer) => offer.id)).toEqual(["10.0.0.1", "10.0.0.10"]);
  expect(offers("nobody", hosts)).toEqual([]);
});

test("terms of a filter come and go", () => {
  expect(terms("a:1 name:\"two words\" -b:2")).toEqual(["a:1", "name:\"two words\"", "-b:2"]);
  expect(toggle("", "tls:yes")).toBe("tls:yes");
  expect(toggle("port:1 tls:yes", "tls:yes")).toBe("port:1");
  expect(toggle("days_left:0-90 port:1", "days_left:0-30")).toBe("port:1 days_left:0-30");
  expect(has("tls:yes port:1", "port:1")).toBe(true);
  expect(has("port:10", "port:1")).toBe(false);
  expect(quoted("two words")).toBe("\"two words\"");
  expect(quoted("say \"a\"")).toBe("\"say \\\"a\\\"\"");
});

test("ids are taken apart", () => {
  expect(service("10.0.0.5:443/tcp")).toEqual({ host: "10.0.0.5", port: 443, transport: "tcp" });
  expect(service("[fe80::1]:80/udp")).toEqual({ host: "fe80::1", port: 80, transport: "udp" });
  expect(service("vni7/10.0.0.5:53/udp")).toEqual({ host: "vni7/10.0.0.5", port: 53, transport: "udp" });
  expect(service("10.0.0.5")).toBeNull();
  expect(service("fe80::1")).toBeNull();
  expect(dependency("a>b:1/tcp")).toEqual({ client: "a", service: "b:1/tcp" });
  expect(hostOf("10.0.0.9>[fe80::1]:80/tcp")).toBe("fe80::1");
  expect(hostOf("10.0.0.9")).toBe("10.0.0.9");
  expect([portOf("a:53/udp"), portOf("a:80/tcp"), address("vni7/10.0.0.5"), target("a:80/tcp")]).toEqual([":53/udp", ":80", "10.0.0.5", "a:80"]);
});

test("times are UTC, and what is typed is read as it is meant", () => {
  expect(utc("2026-03-14T10:31:07.123456789Z", 3)).toBe("2026-03-14 10:31:07.123Z");
  expect(clock("2026-03-14T10:31:07Z")).toBe("10:31:07Z");
  expect(utc(null)).toBe("–");
  const day = "2026-03-14T23:00:00Z";
  expect(moment("10:04", day)).toBe("2026-03-14T10:04:00Z");
  expect(moment("9:04:30Z", day)).toBe("2026-03-14T09:04:30Z");
  expect(moment("2026-03-14 10:04", null)).toBe("2026-03-14T10:04:00Z");
  expect(moment("2026-03-14T10:04+02:00", null)).toBe("2026-03-14T08:04:00Z");
  expect(moment("10:04", null)).toBeNull();
  expect(moment("soon", day)).toBeNull();
  expect([span(0.4), span(7.25), span(67), span(90_061), span(Number.NaN)]).toEqual(["400 ms", "7.3 s", "1 min 7 s", "1 d 1 h", "–"]);
});

test("a target keeps its moment, and a time of the day gets its day", () => {
  expect(parted("db1@2026-03-14T10:04Z")).toEqual({ place: "db1", at: "2026-03-14T10:04Z" });
  expect(parted("db1")).toEqual({ place: "db1", at: null });
  expect(dated("db1@10:04", "2026-03-14T23:00:00Z")).toBe("db1@2026-03-14T10:04:00Z");
  expect(dated("db1@2026-03-14T10:04", "2026-03-15T00:00:00Z")).toBe("db1@2026-03-14T10:04");
  expect(dated("db1", "2026-03-14T23:00:00Z")).toBe("db1");
});

test("numbers are short and honest", () => {
  expect([bytes(0), bytes(999), bytes(1_000), bytes(1_849_000_000), bytes(999_600)]).toEqual(["0 B", "999 B", "1.0 kB", "1.8 GB", "1.0 MB"]);
  expect([percent(0), percent(0.001), percent(0.97), percent(0.999), percent(1)]).toEqual(["0 %", "< 1 %", "97 %", "> 99 %", "100 %"]);
  expect([counted(1, "host"), counted(1_200, "dependency", "dependencies")]).toEqual(["1 host", "1,200 dependencies"]);
});

test("no cell of a file is a formula", () => {
  expect(csv(["a", "b"], [["=1+1", -1], ["x,y", "say \"hi\""]])).toBe("a,b\n'=1+1,-1\n\"x,y\",\"say \"\"hi\"\"\"\n");
});
