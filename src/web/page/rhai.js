// Rhai's words for the editor's colours. Knows no meaning.

const KEYWORDS = /^(?:let|const|if|else|switch|do|while|until|loop|for|in|continue|break|return|throw|try|catch|fn|private|import|export|as|this|is_shared|and|or)\b/;
const ATOMS = /^(?:true|false|msg|line|peer)\b/;

/** A mode for CodeMirror's StreamLanguage. */
export const rhai = {
  name: "rhai",
  startState: () => ({ inside: null, depth: 0, interpolated: [] }),
  token(stream, state) {
    if (state.inside === "comment") return comment(stream, state);
    if (state.inside === "`") return template(stream, state);
    if (stream.eatSpace()) return null;
    if (stream.match("//")) {
      stream.skipToEnd();
      return "comment";
    }
    if (stream.match("/*")) {
      state.inside = "comment";
      return comment(stream, state);
    }
    if (stream.match("`")) {
      state.inside = "`";
      return template(stream, state);
    }
    if (stream.match(/^"(?:[^"\\]|\\.)*"?/) || stream.match(/^'(?:[^'\\]|\\.)*'?/)) return "string";
    if (stream.match(/^0x[0-9a-f_]+|^0b[01_]+|^0o[0-7_]+|^\d[\d_]*(?:\.\d[\d_]*)?(?:e[+-]?\d+)?/i)) return "number";
    if (stream.match(KEYWORDS)) return "keyword";
    if (stream.match(ATOMS)) return "atom";
    if (stream.match(/^[a-z_]\w*(?=\s*\()/i)) return "variableName.function";
    if (stream.match(/^\.\s*[a-z_]\w*/i)) return "propertyName";
    if (stream.match(/^[a-z_]\w*/i)) return "variableName";
    const c = stream.next();
    if (state.interpolated.length) {
      if (c === "{") state.depth += 1;
      if (c === "}" && state.depth-- === 0) {
        state.depth = state.interpolated.pop();
        state.inside = "`";
      }
    }
    return /[-+*/%=<>!&|^~?:]/.test(c) ? "operator" : "punctuation";
  },
  languageData: { commentTokens: { line: "//", block: { open: "/*", close: "*/" } }, closeBrackets: { brackets: ["(", "[", "{", '"', "`"] } },
};

function comment(stream, state) {
  if (stream.match(/^.*?\*\//)) state.inside = null;
  else stream.skipToEnd();
  return "comment";
}

function template(stream, state) {
  if (stream.match("${")) {
    state.interpolated.push(state.depth);
    state.depth = 0;
    state.inside = null;
    return "punctuation";
  }
  while (!stream.eol()) {
    if (stream.match("`")) {
      state.inside = null;
      break;
    }
    if (stream.match("${", false)) break;
    if (stream.next() === "\\") stream.next();
  }
  return "string";
}
