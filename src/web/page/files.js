// The files in the page: which there are, what is edited, and check, plan and apply of it. Owns the drafts.
import { Refused, get, post } from "./api.js";
import { html, useEffect, useLayoutEffect, useRef, useState } from "./preact.js";
import { markdown } from "./markdown.js";
import { Fates, Receipt } from "./receipt.js";
import { set, state, use } from "./store.js";
import { several } from "./words.js";

/** How long after the last key the text is checked. */
const PAUSE = 250;

/** Drafts live as long as the page, whatever the panel shows: by path, `{text, base, hash}`. */
const drafts = new Map();
let last = null;

export function Files({ node }) {
  const run = use((state) => state.run);
  const reload = use((state) => state.reloads.at(-1));
  const place = use((state) => state.place);
  const [files, setFiles] = useState(null);
  const [path, setPath] = useState(last);
  const [found, setFound] = useState({ diagnostics: [], plan: null });
  const [said, setSaid] = useState(null);
  const [conflict, setConflict] = useState(null);
  const [, redraw] = useState(0);
  const host = useRef();
  const editor = useRef(null);
  const work = useRef({});
  Object.assign(work.current, { files, path });
  const file = files?.find((one) => one.path === path) ?? files?.[0];
  const isEditable = Boolean(run?.edit && file && file.editable !== false);
  const edited = [...drafts.keys()];

  const check = async () => {
    const asked = (work.current.asked = (work.current.asked ?? 0) + 1);
    try {
      const { diagnostics = [] } = await post("/api/check", { files: texts() });
      if (asked === work.current.asked) setFound({ diagnostics, plan: null });
    } catch (refused) {
      if (asked === work.current.asked) setSaid({ look: "alarm", words: refused.message });
    }
  };
  const checkSoon = () => {
    clearTimeout(work.current.timer);
    work.current.timer = setTimeout(check, PAUSE);
  };
  const load = async () => {
    try {
      const fresh = await get("/api/files");
      setFiles(fresh);
      for (const one of fresh) settle(one);
      return fresh;
    } catch (refused) {
      setSaid({ look: "alarm", words: refused.message });
    }
  };
  const settle = (one) => {
    const draft = drafts.get(one.path);
    if (draft && draft.text === one.text) drafts.delete(one.path);
    const isShown = (work.current.path ?? one.path) === one.path;
    if (isShown && editor.current && !drafts.has(one.path) && editor.current.text !== one.text && work.current.opened === one.path) editor.current.replace(one.text);
  };

  useEffect(() => () => clearTimeout(work.current.timer), []);
  useEffect(() => { load().then((fresh) => fresh && check()); }, [run?.pid, reload]);
  useLayoutEffect(() => {
    let isGone = false;
    import("./editor.js").then(({ Editor }) => {
      if (isGone || !host.current) return;
      editor.current = new Editor(host.current, {
        change: (text) => onEdit(work.current, text, checkSoon, redraw),
        save: () => work.current.apply?.(),
        complete: (text, offset) => ask("complete", { path: work.current.opened, text, offset }).then((items) => items?.items ?? items),
        hover: (text, offset) => ask("hover", { path: work.current.opened, text, offset }),
      });
      redraw((count) => count + 1);
    });
    return () => { isGone = true; editor.current = null; };
  }, []);
  useEffect(() => {
    if (!file || !editor.current || work.current.opened === file.path) return;
    work.current.opened = file.path;
    last = file.path;
    editor.current.open(drafts.get(file.path)?.text ?? file.text, file.kind, !isEditable);
    editor.current.diagnose(found.diagnostics.filter((one) => one.path === file.path), fix);
    if (node && !place && file.kind === "topology") toNode(editor.current, node);
  });
  useEffect(() => {
    if (file && editor.current) editor.current.diagnose(found.diagnostics.filter((one) => one.path === file.path), fix);
  }, [found, file?.path, Boolean(editor.current)]);
  useEffect(() => {
    if (!place || !files || !editor.current) return;
    const wanted = files.find((one) => one.path === place.path || place.path.endsWith(`/${one.path.replace(/^(\.\.\/)+/, "")}`) || one.path.endsWith(`/${place.path}`));
    if (wanted && work.current.opened !== wanted.path) return setPath(wanted.path);
    if (wanted) editor.current.go(place);
    set({ place: null });
  });

  const fix = (one) => {
    if (one.path && one.path !== work.current.opened) return set({ place: { path: one.path, line: one.from.line, column: one.from.column } });
    editor.current.change(one);
  };
  const plan = async () => {
    try {
      const { diagnostics = [], plan: nodes = null } = await post("/api/plan", { files: texts() });
      setFound({ diagnostics, plan: nodes });
      set({ plan: nodes });
      setSaid(nodes ? null : { look: "alarm", words: "It has errors: nothing would be applied." });
    } catch (refused) {
      setSaid({ look: "alarm", words: refused.message });
    }
  };
  const apply = async () => {
    if (!drafts.size) return setSaid({ look: "note", words: "Nothing is edited." });
    performance.mark("apply asked");
    const before = state.reloads.at(-1);
    try {
      const { saved, tell } = await post("/api/apply", { files: Object.fromEntries([...drafts].map(([key, { text, hash }]) => [key, { text, hash }])) });
      for (const one of saved) drafts.delete(one);
      set({ plan: null });
      setSaid({ look: "good", words: `Saved ${saved.join(", ")}.${tell ? ` The run does not watch its files: ${tell} applies it.` : ""}`, after: before });
      setConflict(null);
      load();
    } catch (refused) {
      onRefused(refused);
    }
  };
  const onRefused = (refused) => {
    if (!(refused instanceof Refused)) throw refused;
    if (refused.status === 409) return setConflict(refused.body.conflicts[0]);
    if (refused.body.diagnostics) setFound({ diagnostics: refused.body.diagnostics, plan: null });
    setSaid({ look: "alarm", words: refused.status === 422 ? "It has errors: nothing was applied." : refused.message });
  };
  work.current.apply = isEditable ? apply : null;
  const forget = () => {
    drafts.delete(file.path);
    editor.current.replace(file.text);
    set({ plan: null });
    check();
    redraw((count) => count + 1);
  };
  const mine = (answer) => {
    const draft = drafts.get(conflict.path);
    if (answer === "mine") drafts.set(conflict.path, { ...draft, hash: conflict.hash, base: conflict.text });
    else {
      drafts.delete(conflict.path);
      if (work.current.opened === conflict.path) editor.current.replace(conflict.text);
    }
    setConflict(null);
    load().then(check);
    if (answer === "mine") setSaid({ look: "note", words: "Your text stays. Apply again to put it in place of the other one." });
  };

  const errors = found.diagnostics.filter(({ severity }) => severity === "error").length;
  const receipt = said && "after" in said && reload !== said.after ? reload?.receipt : null;
  return html`
    <div class="files" role="group" aria-label="Files">${(files ?? []).map((one) => html`<button type="button" key=${one.path} aria-pressed=${String(one === file)} onClick=${() => setPath(one.path)}>${one.path}${drafts.has(one.path) ? html`<span title="edited"> ●<span class="unseen"> edited</span></span>` : ""}${marks(found.diagnostics, one.path)}</button>`)}</div>
    <div class="editor" ref=${host}></div>
    ${!isEditable && file && html`<p class="quiet">${run?.edit ? "This file is only read." : html`Read-only: <code>--edit</code> lets this page change files.`}</p>`}
    ${isEditable && html`<div class="do">
      <button type="button" disabled=${!edited.length} onClick=${plan}>Plan</button>
      <button type="button" class="main" disabled=${!edited.length || errors > 0} onClick=${apply}>Apply</button>
      <button type="button" disabled=${!drafts.has(file.path)} onClick=${forget}>Forget my edit</button>
      <span class="quiet" role="status">${errors ? several(errors, "error") : edited.length ? `${several(edited.length, "file")} edited` : "as it runs"}</span></div>`}
    ${said && html`<p class=${said.look} role="status">${said.words}</p>`}
    ${receipt && html`<${Receipt} receipt=${receipt} />`}
    ${conflict && html`<${Conflict} conflict=${conflict} choose=${mine} />`}
    ${found.plan && html`<section aria-label="Plan"><h3>What a save would do</h3><${Fates} nodes=${found.plan} />
      <button type="button" onClick=${() => { set({ plan: null }); setFound({ ...found, plan: null }); }}>Close the plan</button></section>`}
    <${Diagnostics} found=${found.diagnostics} fix=${isEditable ? fix : null} />`;
}

function onEdit(work, text, checkSoon, redraw) {
  const file = work.files?.find((one) => one.path === work.opened);
  if (!file) return;
  const draft = drafts.get(file.path);
  if (text === (draft?.base ?? file.text)) drafts.delete(file.path);
  else drafts.set(file.path, { text, base: draft?.base ?? file.text, hash: draft?.hash ?? file.hash });
  if (state.plan) set({ plan: null });
  checkSoon();
  redraw((count) => count + 1);
}

function texts() {
  return Object.fromEntries([...drafts].map(([path, { text }]) => [path, text]));
}

async function ask(what, body) {
  try {
    return await post(`/api/${what}`, body);
  } catch {
    // Help that does not come is no fault of what is written.
    return null;
  }
}

function toNode(editor, node) {
  const name = node.replace(/\.\d+$/, "").replace(/[.*+?^${}()|[\]\\]/g, "\\$&");
  const at = editor.text.split("\n").findIndex((line) => new RegExp(`^\\s+(["']?)${name}\\1\\s*:`).test(line));
  if (at >= 0) editor.go({ line: at + 1 });
}

function marks(diagnostics, path) {
  const number = diagnostics.filter((one) => one.path === path && one.severity === "error").length;
  return number ? html` <span class="badge failed">${number}<span class="unseen"> errors</span></span>` : "";
}

function Conflict({ conflict, choose }) {
  return html`<section class="conflict" role="alert"><h3>${conflict.path} is another one on disk</h3>
    <p>Somebody saved it since you began. Nothing was written.</p>
    <details><summary>The text on disk</summary><pre>${conflict.text}</pre></details>
    <div class="do"><button type="button" onClick=${() => choose("mine")}>Keep my text</button>
    <button type="button" onClick=${() => choose("theirs")}>Take the one on disk</button></div></section>`;
}

function Diagnostics({ found, fix }) {
  if (!found.length) return html`<p class="quiet">Nothing to say about these files.</p>`;
  return html`<h3>${several(found.length, "finding")}</h3><ul class="diagnostics">${found.map((one, at) => html`<li key=${`${one.code} ${at}`} class=${one.severity}>
    <p><span class=${`badge ${one.severity}`}>${one.severity}</span> <button type="button" class="link" onClick=${() => set({ place: { path: one.path, line: one.from.line, column: one.from.column } })}>${one.path}:${one.from.line}:${one.from.column}</button> <${Meaning} code=${one.code} /></p>
    <p>${one.message}</p>${one.help && html`<p class="quiet">${one.help}</p>`}
    ${fix && (one.fixes ?? []).map((each) => html`<button type="button" key=${each.title} onClick=${() => fix(each)}>${each.title}</button>`)}</li>`)}</ul>`;
}

/** The code of a finding, which opens its page. */
function Meaning({ code }) {
  const [page, setPage] = useState(null);
  const room = useRef();
  useLayoutEffect(() => room.current?.replaceChildren(...(page ? [markdown(page)] : [])), [page]);
  const open = async () => setPage(page ? null : (await get(`/api/explain?word=${code}`)).markdown);
  return html`<button type="button" class="link" aria-expanded=${String(Boolean(page))} onClick=${open}>what ${code} means</button>
    <span class="meaning" ref=${room}></span>`;
}
