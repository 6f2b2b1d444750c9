// Where the page begins.
import { render } from "preact";
import "./style/base.css";
import "./style/shell.css";
import "./style/part.css";
import "./style/picture.css";
import { App } from "./app";
import { listen } from "./route";
import { follow as followMap } from "./state/live";
import { follow as followNames } from "./state/names";
import { ask } from "./state/session";

listen();
void ask();
followMap();
followNames();
const root = document.getElementById("page");
if (root !== null) render(<App />, root);
