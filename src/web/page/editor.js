// The editor of one text: CodeMirror with zrig's diagnostics, completion and explanations. Saves nothing.
import {
  Compartment, Decoration, EditorState, EditorView, HighlightStyle, StateEffect, StateField, StreamLanguage, autocompletion, bracketMatching,
  closeBrackets, closeBracketsKeymap, completionKeymap, defaultKeymap, drawSelection, highlightActiveLine, highlightActiveLineGutter,
  highlightSelectionMatches, highlightSpecialChars, history, historyKeymap, hoverTooltip, indentOnInput, indentUnit, keymap, lineNumbers,
  lintGutter, lintKeymap, searchKeymap, setDiagnostics, syntaxHighlighting, tags, yaml,
} from "./codemirror.js";
import { markdown } from "./markdown.js";
import { rhai } from "./rhai.js";

const INSIDE_WORDS = /[\w.$-]*$/;

/**
 * An editor inside `parent`. `on.change(text)` hears of edits, `on.save()` of Ctrl-S, `on.complete(text, offset)` and
 * `on.hover(text, offset)` ask. A shadow root keeps its style sheets, which the page's policy would not let in elsewhere.
 */
export class Editor {
  #view;
  #isReadOnly = new Compartment();
  #language = new Compartment();
  #on;
  #isQuiet = false;

  constructor(parent, on) {
    this.#on = on;
    const root = parent.shadowRoot ?? parent.attachShadow({ mode: "open" });
    root.replaceChildren();
    const sheet = new CSSStyleSheet();
    sheet.replaceSync(STYLE);
    root.adoptedStyleSheets = [...root.adoptedStyleSheets, sheet];
    this.#view = new EditorView({ parent: root, root, state: this.#fresh("", "topology", true) });
  }

  #fresh(text, kind, isReadOnly) {
    return EditorState.create({
      doc: text,
      extensions: [
        lineNumbers(), highlightActiveLineGutter(), highlightSpecialChars(), history(), drawSelection(), indentOnInput(), bracketMatching(),
        closeBrackets(), highlightActiveLine(), highlightSelectionMatches(), lintGutter(), indentUnit.of(kind === "script" ? "    " : "  "),
        syntaxHighlighting(COLOURS), placed, EditorView.lineWrapping,
        this.#language.of(kind === "script" ? StreamLanguage.define(rhai) : yaml()),
        this.#isReadOnly.of(isReadOnly ? [EditorState.readOnly.of(true)] : []),
        EditorView.contentAttributes.of({ "aria-label": isReadOnly ? "File, read-only" : "File", tabindex: "0" }),
        autocompletion({ override: [(context) => this.#completions(context)] }),
        hoverTooltip((view, position) => this.#hover(view, position), { hoverTime: 350 }),
        keymap.of([
          { key: "Mod-s", run: () => { this.#on.save(); return true; } },
          ...closeBracketsKeymap, ...defaultKeymap, ...searchKeymap, ...historyKeymap, ...completionKeymap, ...lintKeymap,
        ]),
        EditorView.updateListener.of((update) => {
          if (update.docChanged && !this.#isQuiet) this.#on.change(update.state.doc.toString());
        }),
      ],
    });
  }

  /** Another text, with a past of its own. */
  open(text, kind, isReadOnly) {
    this.#view.setState(this.#fresh(text, kind, isReadOnly));
  }

  get text() {
    return this.#view.state.doc.toString();
  }

  /** The same file with another text, as far as possible where the cursor stands. */
  replace(text) {
    const { from, to } = this.#view.state.selection.main;
    const at = (place) => Math.min(place, text.length);
    this.#isQuiet = true;
    this.#view.dispatch({
      changes: { from: 0, to: this.#view.state.doc.length, insert: text },
      selection: { anchor: at(from), head: at(to) },
    });
    this.#isQuiet = false;
  }

  /** Marks what is wrong under its words; `fix(one)` applies one of its fixes. */
  diagnose(diagnostics, fix) {
    const { length } = this.#view.state.doc;
    const marks = diagnostics.map((one) => {
      const from = Math.min(one.from?.offset ?? 0, length);
      return {
        from,
        to: Math.min(Math.max(one.to?.offset ?? from, from), length),
        severity: one.severity,
        source: one.code,
        message: [one.message, ...(one.help ? [one.help] : [])].join("\n"),
        actions: (one.fixes ?? []).map((each) => ({ name: each.title, apply: () => fix(each) })),
      };
    });
    marks.sort((a, b) => a.from - b.from);
    this.#view.dispatch(setDiagnostics(this.#view.state, marks));
  }

  /** Changes a part of the text, as an edit that can be undone. */
  change({ from, to, text }) {
    this.#view.dispatch({ changes: { from: from.offset, to: to.offset, insert: text }, selection: { anchor: from.offset + text.length } });
    this.#view.focus();
  }

  /** Goes to a line and a column, from 1, and shows for a moment where that is. */
  go({ line, column = 1 }) {
    const { doc } = this.#view.state;
    const at = doc.line(Math.min(Math.max(line, 1), doc.lines));
    const anchor = Math.min(at.from + column - 1, at.to);
    this.#view.dispatch({
      selection: { anchor },
      effects: [EditorView.scrollIntoView(anchor, { y: "center" }), place.of(at.from)],
    });
  }

  focus() {
    this.#view.focus();
  }

  async #completions(context) {
    const before = context.matchBefore(INSIDE_WORDS);
    if (!context.explicit && !before?.text) return null;
    const found = await this.#on.complete(context.state.doc.toString(), context.pos);
    if (context.aborted || !found?.length) return null;
    const start = found.find(({ from }) => from != null)?.from ?? before?.from ?? context.pos;
    return {
      from: start,
      options: found.map((item) => ({
        label: item.label,
        type: item.kind,
        detail: item.detail,
        apply: item.text ?? item.insert ?? item.label,
        info: item.documentation ? () => markdown(item.documentation) : undefined,
      })),
      validFor: /^[\w$-]*$/,
    };
  }

  async #hover(view, position) {
    const found = await this.#on.hover(view.state.doc.toString(), position);
    const said = found?.markdown;
    if (!said) return null;
    return { pos: found.from ?? position, end: found.to, above: true, create: () => ({ dom: markdown(said) }) };
  }
}

const place = StateEffect.define();
const placed = StateField.define({
  create: () => Decoration.none,
  update(marks, transaction) {
    const found = transaction.effects.find((effect) => effect.is(place));
    if (found) return Decoration.set([Decoration.line({ class: "cm-placed" }).range(found.value)]);
    return transaction.docChanged ? Decoration.none : marks;
  },
  provide: (field) => EditorView.decorations.from(field),
});

const COLOURS = HighlightStyle.define([
  { tag: [tags.keyword, tags.operatorKeyword], color: "var(--code-keyword)" },
  { tag: [tags.propertyName, tags.definition(tags.propertyName)], color: "var(--code-key)" },
  { tag: [tags.string, tags.special(tags.string), tags.content], color: "var(--code-string)" },
  { tag: [tags.number, tags.bool, tags.atom, tags.null], color: "var(--code-number)" },
  { tag: [tags.function(tags.variableName), tags.labelName, tags.typeName], color: "var(--code-call)" },
  { tag: [tags.comment, tags.lineComment, tags.blockComment], color: "var(--quiet)", fontStyle: "italic" },
  { tag: [tags.punctuation, tags.separator, tags.operator, tags.meta], color: "var(--text)" },
]);

const STYLE = `
:host { display: block; block-size: 100%; }
.cm-editor { block-size: 100%; color: var(--ink); background: var(--paper); font-size: 13px; }
.cm-editor.cm-focused { outline: 2px solid var(--accent); outline-offset: -2px; }
.cm-scroller { font-family: ui-monospace, "SF Mono", Menlo, Consolas, "DejaVu Sans Mono", monospace; line-height: 1.5; }
.cm-editor .cm-gutters { background: var(--side); color: var(--quiet); border-inline-end: 1px solid var(--rule); }
.cm-editor .cm-activeLine, .cm-editor .cm-activeLineGutter { background: var(--hover); }
.cm-editor .cm-cursor { border-left-color: var(--ink); }
.cm-editor .cm-selectionBackground, .cm-editor.cm-focused > .cm-scroller > .cm-selectionLayer .cm-selectionBackground { background: var(--chosen); }
.cm-editor .cm-matchingBracket, .cm-editor.cm-focused .cm-matchingBracket { background: var(--chosen); outline: 1px solid var(--accent); }
.cm-editor .cm-placed { background: var(--warn-ground); }
.cm-editor .cm-tooltip { background: var(--paper); color: var(--ink); border: 1px solid var(--edge); border-radius: 6px; max-inline-size: min(34rem, 90vw); max-block-size: 50vh; overflow: auto; }
.cm-editor .cm-tooltip.cm-tooltip-autocomplete { overflow: visible; }
.cm-editor .cm-tooltip-autocomplete ul li[aria-selected] { background: var(--accent); color: var(--on-accent); }
.cm-editor .cm-completionDetail { color: var(--quiet); font-style: normal; }
.cm-editor .cm-tooltip-autocomplete ul li[aria-selected] .cm-completionDetail { color: inherit; }
.cm-editor .cm-panels { background: var(--side); color: var(--ink); border-color: var(--rule); }
.cm-editor .cm-diagnostic { border-inline-start-width: 4px; padding: 6px 10px; white-space: pre-wrap; }
.cm-editor .cm-diagnosticAction { background: var(--accent); color: var(--on-accent); border-radius: 4px; padding: 3px 8px; margin: 4px 6px 0 0; font: inherit; cursor: pointer; }
.cm-editor .cm-diagnosticSource { color: var(--quiet); opacity: 1; font-size: 85%; }
.cm-editor .cm-button, .cm-editor .cm-textfield { background: var(--paper); color: var(--ink); border: 1px solid var(--edge); border-radius: 4px; }
.cm-editor .cm-searchMatch { background: var(--warn-ground); }
.markdown { padding: 4px 12px; font: 13px/1.45 system-ui, sans-serif; }
.markdown h4 { margin: 6px 0; font-size: 14px; }
.markdown p, .markdown ul { margin: 6px 0; }
.markdown pre { font-size: 12px; overflow: auto; background: var(--side); padding: 6px 8px; border-radius: 4px; }
`;
