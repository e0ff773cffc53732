// Puts the parts of the page where they belong. Owns nothing else.
import { announce } from "./announce.js";
import { mountPicture } from "./picture.js";
import { html, render } from "./preact.js";
import { Head } from "./head.js";
import { Panel } from "./panel.js";
import { begin } from "./stream.js";
import { setTheme, theme } from "./theme.js";
import { Timeline } from "./timeline.js";

setTheme(theme());
mountPicture(document.getElementById("picture"));
render(html`<${Head} />`, document.getElementById("head"));
render(html`<${Panel} />`, document.getElementById("panel"));
render(html`<${Timeline} />`, document.getElementById("timeline"));
announce(document.getElementById("said"));
begin();
