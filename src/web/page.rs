//! The parts of the page, which are in the program.
//!
//! Owns their list: what is not in it is not served. Never makes one: `vendored/` says how others' code
//! is bundled, the rest lies in `page/` as it is served.

/// A part of the page.
#[derive(Clone, Copy)]
pub(super) struct Part {
    /// Its name below `/assets/`.
    pub(super) name: &'static str,
    /// The kind of its content.
    pub(super) kind: &'static str,
    /// Whether it is kept compressed, and goes out so.
    pub(super) is_gzip: bool,
    /// What is in it.
    pub(super) bytes: &'static [u8],
}

const PAGE: &str = "text/html; charset=utf-8";
const STYLE: &str = "text/css; charset=utf-8";
const MODULE: &str = "text/javascript; charset=utf-8";
const TEXT: &str = "text/plain; charset=utf-8";

/// All of them.
pub(super) const PARTS: &[Part] = &[
    part("alive.js", MODULE, include_bytes!("page/alive.js")),
    part("announce.js", MODULE, include_bytes!("page/announce.js")),
    part("api.js", MODULE, include_bytes!("page/api.js")),
    part("charts.js", MODULE, include_bytes!("page/charts.js")),
    zipped("codemirror.js", MODULE, include_bytes!("page/codemirror.js.gz")),
    part("details.js", MODULE, include_bytes!("page/details.js")),
    part("editor.js", MODULE, include_bytes!("page/editor.js")),
    part("figures.js", MODULE, include_bytes!("page/figures.js")),
    part("files.js", MODULE, include_bytes!("page/files.js")),
    part("flow.js", MODULE, include_bytes!("page/flow.js")),
    part("head.js", MODULE, include_bytes!("page/head.js")),
    part("index.html", PAGE, include_bytes!("page/index.html")),
    part("labels.js", MODULE, include_bytes!("page/labels.js")),
    zipped("licenses.txt", TEXT, include_bytes!("page/licenses.txt.gz")),
    part("line.js", MODULE, include_bytes!("page/line.js")),
    part("log.js", MODULE, include_bytes!("page/log.js")),
    part("main.js", MODULE, include_bytes!("page/main.js")),
    part("markdown.js", MODULE, include_bytes!("page/markdown.js")),
    part("moment.js", MODULE, include_bytes!("page/moment.js")),
    part("overview.js", MODULE, include_bytes!("page/overview.js")),
    part("panel.js", MODULE, include_bytes!("page/panel.js")),
    part("past.js", MODULE, include_bytes!("page/past.js")),
    part("picture.js", MODULE, include_bytes!("page/picture.js")),
    part("plan.js", MODULE, include_bytes!("page/plan.js")),
    zipped("preact.js", MODULE, include_bytes!("page/preact.js.gz")),
    part("receipt.js", MODULE, include_bytes!("page/receipt.js")),
    part("recordings.js", MODULE, include_bytes!("page/recordings.js")),
    part("replay.js", MODULE, include_bytes!("page/replay.js")),
    part("rhai.js", MODULE, include_bytes!("page/rhai.js")),
    part("roving.js", MODULE, include_bytes!("page/roving.js")),
    part("scene.js", MODULE, include_bytes!("page/scene.js")),
    part("slow.js", MODULE, include_bytes!("page/slow.js")),
    part("speak.js", MODULE, include_bytes!("page/speak.js")),
    part("store.js", MODULE, include_bytes!("page/store.js")),
    part("stream.js", MODULE, include_bytes!("page/stream.js")),
    part("style.css", STYLE, include_bytes!("page/style.css")),
    part("summary.js", MODULE, include_bytes!("page/summary.js")),
    part("tap.js", MODULE, include_bytes!("page/tap.js")),
    part("then.js", MODULE, include_bytes!("page/then.js")),
    part("theme.js", MODULE, include_bytes!("page/theme.js")),
    part("timeline.js", MODULE, include_bytes!("page/timeline.js")),
    part("words.js", MODULE, include_bytes!("page/words.js")),
];

const fn part(name: &'static str, kind: &'static str, bytes: &'static [u8]) -> Part {
    Part { name, kind, is_gzip: false, bytes }
}

const fn zipped(name: &'static str, kind: &'static str, bytes: &'static [u8]) -> Part {
    Part { is_gzip: true, ..part(name, kind, bytes) }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;
    use std::fs;
    use std::path::Path;

    use super::*;

    fn kept() -> BTreeSet<String> {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/web/page");
        let names = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().file_name());
        names.map(|name| name.into_string().unwrap()).collect()
    }

    #[test]
    fn every_file_of_the_page_is_served() {
        let file = |part: &Part| format!("{}{}", part.name, if part.is_gzip { ".gz" } else { "" });
        assert_eq!(PARTS.iter().map(file).collect::<BTreeSet<_>>(), kept());
    }

    #[test]
    fn a_module_names_only_modules_that_are_served() {
        for part in PARTS.iter().filter(|part| part.kind == MODULE && !part.is_gzip) {
            let text = std::str::from_utf8(part.bytes).unwrap();
            for (_, rest) in
                text.match_indices("from \"./").map(|(at, found)| (at, &text[at + found.len()..]))
            {
                let name = rest.split('"').next().unwrap();
                assert!(PARTS.iter().any(|part| part.name == name), "{}: {name}", part.name);
            }
        }
    }
}
