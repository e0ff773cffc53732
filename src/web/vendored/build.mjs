// Makes the files of others' code that the page uses. See README.md.
import { build } from "esbuild";
import { gzipAsync } from "@gfx/zopfli";
import { readFileSync, readdirSync, writeFileSync } from "node:fs";

const page = new URL("../page/", import.meta.url);

// As it goes over the wire: by Zopfli, which is slow, makes it smaller than any gzip, and needs no certain Node.js.
async function keep(name, text) {
  const kept = await gzipAsync(Buffer.from(text), { numiterations: 200 });
  writeFileSync(new URL(`${name}.gz`, page), kept);
}

async function bundle(entry) {
  const { outputFiles, metafile } = await build({
    entryPoints: [entry],
    bundle: true,
    minify: true,
    format: "esm",
    target: "es2022",
    legalComments: "none",
    metafile: true,
    write: false,
  });
  const names = Object.keys(metafile.inputs).flatMap(
    (path) => path.match(/^node_modules\/((?:@[^/]+\/)?[^/]+)\//)?.[1] ?? [],
  );
  return { code: outputFiles[0].text, names };
}

// A licence without the line that says whose work it is, and that line with name and version.
function licence(name) {
  const folder = `node_modules/${name}/`;
  const { version } = JSON.parse(readFileSync(folder + "package.json", "utf8"));
  const file = readdirSync(folder).find((one) => /^licen[cs]e/i.test(one));
  const lines = readFileSync(folder + file, "utf8").trim().split("\n");
  const owner = lines.find((line) => /^\s*Copyright/.test(line)) ?? "";
  const text = lines.filter((line) => line !== owner).join("\n").replace(/\n{3,}/g, "\n\n");
  return { whose: `${name} ${version}: ${owner.trim()}`, text: text.trim() };
}

// Those of the same words stand together.
function grouped(licences) {
  const groups = new Map();
  for (const one of licences) {
    const words = one.text.replace(/^.*MIT License[^\n]*/i, "").replace(/\s+/g, " ").trim();
    groups.set(words, [...(groups.get(words) ?? []), one]);
  }
  return [...groups.values()];
}

const codemirror = await bundle("codemirror.js");
const preact = await bundle("preact.js");
await keep("codemirror.js", codemirror.code);
await keep("preact.js", preact.code);

const names = [...new Set([...codemirror.names, ...preact.names])].sort();
const parts = grouped(names.map(licence)).map(
  (same) => `${same.map(({ whose }) => whose).join("\n")}\n\n${same[0].text}\n`,
);
const licences = parts.join(`\n${"-".repeat(78)}\n\n`);
writeFileSync("LICENSES", licences);
await keep("licenses.txt", licences);
