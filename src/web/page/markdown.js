// The few forms of Markdown that zrig's pages use, as elements. Never takes markup of the text as markup of the page.

/** An element with the text of a page. */
export function markdown(text) {
  const root = document.createElement("div");
  root.className = "markdown";
  const blocks = text.replace(/\r/g, "").split(/\n(?=```)|(?<=\n```)\n|\n{2,}/);
  let fenced = null;
  for (const block of blocks) {
    if (fenced) {
      fenced.textContent += `\n\n${block}`;
      if (/^```\s*$/m.test(block)) fenced = ended(fenced);
    } else if (block.startsWith("```")) {
      const pre = add(root, "pre", block.replace(/^```[^\n]*\n?/, ""));
      fenced = pre;
      if (/^```\s*$/m.test(pre.textContent)) fenced = ended(pre);
    } else if (block.trim()) root.append(plain(block));
  }
  return root;
}

function ended(pre) {
  pre.textContent = pre.textContent.replace(/\n?```\s*$/m, "");
  return null;
}

function plain(block) {
  const title = /^(#+)\s+(.*)/.exec(block);
  if (title) return words("h4", title[2]);
  if (/^\s*[-*] /.test(block)) {
    const list = document.createElement("ul");
    for (const item of block.split(/\n(?=\s*[-*] )/)) list.append(words("li", item.replace(/^\s*[-*] /, "")));
    return list;
  }
  if (/^\|/.test(block)) {
    const pre = document.createElement("pre");
    pre.textContent = block;
    return pre;
  }
  return words("p", block);
}

function add(root, name, text) {
  const made = document.createElement(name);
  made.textContent = text;
  root.append(made);
  return made;
}

/** Text with `code`, **strong** and links without their targets. */
function words(name, text) {
  const made = document.createElement(name);
  for (const part of text.replace(/\n/g, " ").split(/(`[^`]+`|\*\*[^*]+\*\*|\[[^\]]+\]\([^)]*\))/)) {
    if (/^`/.test(part)) add(made, "code", part.slice(1, -1));
    else if (/^\*\*/.test(part)) add(made, "strong", part.slice(2, -2));
    else if (/^\[.*\)$/.test(part)) made.append(part.slice(1, part.indexOf("](")));
    else made.append(part);
  }
  return made;
}
