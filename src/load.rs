//! Reading a topology with everything it names, and checking it.
//!
//! Owns which files are read, and within which bounds. Never watches a file and never starts a
//! node.

mod absent;
mod certificates;
mod look_ups;
mod read;
mod scripts;
mod secrets;
mod states;
mod test_files;
mod told;
mod unsaved;
mod users;
mod versions;

use std::cell::RefCell;
use std::collections::HashMap;
use std::ffi::OsString;
use std::os::unix::fs::{FileTypeExt, MetadataExt};
use std::path::{Path, PathBuf};
use std::sync::LazyLock;
use std::time::{Duration, SystemTime};

use crate::aside::within;
use crate::diagnostic::Diagnostic;
use crate::document::{Document, MAX_BYTES};
use crate::lint::{Subject, Surveys, lint};
use crate::source::{Source, SourceMap};
use crate::topology::{Checked, Topology, check};

use certificates::load_certificates;
use look_ups::load_look_ups;
use read::{ReadError, read_file, read_text};
use scripts::load_scripts;
use states::check_states;
use users::load_users;

pub use test_files::{LoadedTests, load_tests, load_tests_text, load_tests_unsaved};
pub use unsaved::{Kept, Unsaved};
pub use versions::{Version, Versions};

/// The variable that names the folder of the secrets that a service manager lends: systemd's own.
const CREDENTIALS: &str = "CREDENTIALS_DIRECTORY";
/// How long a file system may take to answer.
const LOOK: Duration = Duration::from_secs(1);

/// What came of loading a file.
#[derive(Debug)]
pub struct Loaded {
    /// Every text that was read.
    pub sources: SourceMap,
    /// The topology, if no fault stops a run.
    pub topology: Option<Topology>,
    /// All faults.
    pub diagnostics: Vec<Diagnostic>,
    /// Every file that was read or is missing: a change of any of them may change the topology.
    pub files: Vec<PathBuf>,
    /// What tells one version of the certificates and users from another.
    pub fingerprints: Vec<(PathBuf, u64)>,
    /// When the first of the certificates that hold ceases to; who may come is another question then.
    pub holds_until: Option<SystemTime>,
    /// Why the topology file itself says nothing, if so.
    pub trouble: Option<Trouble>,
    /// The file as written, if it is YAML.
    document: Option<Document>,
    /// What its handlers say of themselves, once they were compiled.
    surveys: Option<Surveys>,
}

/// Where texts come from, and what is known of them from before.
struct Origin<'u> {
    unsaved: &'u Unsaved,
    kept: Kept,
}

impl Origin<'_> {
    fn disk() -> Self {
        static NOTHING: LazyLock<Unsaved> = LazyLock::new(Unsaved::default);
        Self { unsaved: &NOTHING, kept: Kept::default() }
    }
}

/// Why a topology file says nothing.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Trouble {
    /// There is none.
    Gone,
    /// It holds nothing.
    Empty,
    /// It is a pipe or a device, which gives its text once: so from the start, mostly.
    Pipe,
    /// It is not to be read, and why.
    Unreadable(String),
}

/// Reads a topology, its scripts and what they import; `lookup` gives variables their values.
#[must_use]
pub fn load(path: &Path, lookup: &dyn Fn(&str) -> Option<OsString>) -> Loaded {
    let mut from = Origin::disk();
    loaded(path, read_text(path, MAX_BYTES), &mut from, lookup).with_states()
}

/// As [`load`], of texts that are not saved yet where there are such, and with what was kept of the
/// load before.
#[must_use]
pub fn load_unsaved(
    path: &Path,
    unsaved: &Unsaved,
    kept: &mut Kept,
    lookup: &dyn Fn(&str) -> Option<OsString>,
) -> Loaded {
    let text = unsaved.read(path, MAX_BYTES);
    let mut from = Origin { unsaved, kept: std::mem::take(kept) };
    let loaded = loaded(path, text, &mut from, lookup).with_states();
    *kept = from.kept;
    loaded
}
/// As [`load`], while a topology runs: a pipe, which gives its text only once, is refused instead of
/// waited for. What keeps a state is not looked at: it is written all the time.
#[must_use]
pub fn load_again(path: &Path, lookup: &dyn Fn(&str) -> Option<OsString>) -> Loaded {
    loaded(path, read_file(path, MAX_BYTES), &mut Origin::disk(), lookup)
}

/// As [`load_again`], of texts that are not saved yet where there are such.
#[must_use]
pub fn load_again_unsaved(
    path: &Path,
    unsaved: &Unsaved,
    lookup: &dyn Fn(&str) -> Option<OsString>,
) -> Loaded {
    let mut from = Origin { unsaved, kept: Kept::default() };
    loaded(path, unsaved.read(path, MAX_BYTES), &mut from, lookup)
}

fn loaded(
    path: &Path,
    text: Result<String, ReadError>,
    from: &mut Origin<'_>,
    lookup: &dyn Fn(&str) -> Option<OsString>,
) -> Loaded {
    let mut loaded = Loaded::nothing_yet(path);
    match text {
        Ok(text) => loaded.check(Source::new(path, text), from, lookup),
        Err(error) => {
            loaded.trouble = Some(match &error {
                ReadError::Missing => Trouble::Gone,
                ReadError::NoFile => Trouble::Pipe,
                ReadError::Folder
                | ReadError::TooLarge(_)
                | ReadError::NotUtf8 { .. }
                | ReadError::NoAnswer
                | ReadError::Io(_) => Trouble::Unreadable(error.to_string()),
            });
            loaded.diagnostics.push(told::unreadable(path, &error));
        }
    }
    loaded
}

/// As [`load`], of a text that is at hand already; its scripts are read from beside `path`.
#[must_use]
pub fn load_text(path: &Path, text: &str, lookup: &dyn Fn(&str) -> Option<OsString>) -> Loaded {
    let mut loaded = Loaded::nothing_yet(path);
    loaded.check(Source::new(path, text), &mut Origin::disk(), lookup);
    loaded
}

/// What is in a file, if it can be read.
#[must_use]
pub fn text_of(path: &Path) -> Option<String> {
    read_file(path, MAX_BYTES).ok()
}

impl Loaded {
    /// The names of the nodes, as written, also where the topology has faults; none where the file is
    /// no YAML.
    #[must_use]
    pub fn node_names(&self) -> Option<Vec<String>> {
        let top = self.document.as_ref()?.root().as_mapping()?;
        let nodes = top.get("nodes")?.as_mapping()?;
        Some(nodes.entries.iter().map(|entry| entry.key.text.to_string()).collect())
    }

    fn nothing_yet(path: &Path) -> Self {
        Self {
            sources: SourceMap::default(),
            topology: None,
            diagnostics: Vec::new(),
            files: vec![path.to_owned()],
            fingerprints: Vec::new(),
            holds_until: None,
            trouble: None,
            document: None,
            surveys: None,
        }
    }

    /// Has what keeps states looked at too.
    fn with_states(mut self) -> Self {
        if let Some((document, topology)) = self.document.as_ref().zip(self.topology.as_ref()) {
            let faults = check_states(document, topology);
            if !faults.is_empty() {
                self.topology = None;
                self.diagnostics.splice(0..0, faults);
            }
        }
        self
    }

    fn check(
        &mut self,
        source: Source,
        from: &mut Origin<'_>,
        lookup: &dyn Fn(&str) -> Option<OsString>,
    ) {
        self.trouble = source.text().trim().is_empty().then_some(Trouble::Empty);
        let parse = |id| Document::parse(id, &source, lookup);
        let (id, document) = match told::parsed(&source, &mut self.sources, parse) {
            Ok(parsed) => parsed,
            Err(faults) => {
                self.diagnostics = faults;
                return;
            }
        };
        let mut loaded = load_scripts(&document, id, from, &mut self.sources, &mut self.files);
        let unsaved = from.unsaved;
        load_look_ups(&document, unsaved, &mut loaded.scripts, &mut self.sources, &mut self.files);
        let mut certificates = load_certificates(&document, lookup(CREDENTIALS).map(PathBuf::from));
        load_users(&document, &mut certificates);
        loaded.scripts.certificates = certificates.certificates;
        self.files.extend(certificates.files);
        self.fingerprints = certificates.fingerprints;
        self.holds_until = certificates.holds_until;
        let Checked { topology, diagnostics } = check(&document, &loaded.scripts);
        let identities = Identities::default();
        let findings = lint(&Subject {
            document: &document,
            topology: topology.as_ref(),
            surveys: &loaded.surveys,
            sources: &self.sources,
            is_taken: &is_taken,
            is_same_file: &|one, other| identities.are_same(one, other),
        });
        let found = diagnostics.into_iter().chain(findings).collect();
        self.diagnostics = told::in_order(&document, found);
        let is_sound = !self.diagnostics.iter().any(Diagnostic::is_error);
        self.topology = topology.filter(|_| is_sound);
        self.document = Some(document);
        self.surveys = Some(loaded.surveys);
    }
}

/// Whether something that is no socket lies at a path: `bind` would delete it (libzmq#2059).
fn is_taken(path: &str) -> bool {
    let path = path.to_owned();
    let found = within(LOOK, move || std::fs::symlink_metadata(path));
    found.is_some_and(|found| found.is_ok_and(|found| !found.file_type().is_socket()))
}

/// Looks at each file once.
#[derive(Default)]
struct Identities(RefCell<HashMap<PathBuf, Identity>>);

/// What a path leads to.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Identity {
    /// A file with an end, by its device and number.
    File(u64, u64),
    /// A pipe, a device, or what does not answer.
    Other,
    /// Nothing.
    Missing,
}

impl Identities {
    /// Whether two paths are one file, or would be: of a pipe both ends are for somebody.
    fn are_same(&self, one: &Path, other: &Path) -> bool {
        match (self.of(one), self.of(other)) {
            (Identity::Missing, Identity::Missing) => one == other,
            (Identity::File(..), _) => self.of(one) == self.of(other),
            (Identity::Missing | Identity::Other, _) => false,
        }
    }

    fn of(&self, path: &Path) -> Identity {
        if let Some(known) = self.0.borrow().get(path) {
            return *known;
        }
        let owned = path.to_owned();
        let identity = match within(LOOK, move || owned.metadata()) {
            Some(Ok(about)) if about.is_file() => Identity::File(about.dev(), about.ino()),
            Some(Ok(_)) | None => Identity::Other,
            Some(Err(_)) => Identity::Missing,
        };
        self.0.borrow_mut().insert(path.to_owned(), identity);
        identity
    }
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;
    use crate::diagnostic::Code;

    fn write(folder: &Path, name: &str, text: &str) -> PathBuf {
        let path = folder.join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(&path, text).unwrap();
        path
    }

    fn codes(loaded: &Loaded) -> Vec<Code> {
        loaded.diagnostics.iter().map(|fault| fault.code).collect()
    }

    const WEATHER: &str = r#"
# topologies/weather.yaml
version: 1
description: A station publishes readings; each display shows one kind.

nodes:
  station:
    role: pub
    bind: 5556                       # a number is a TCP port on 127.0.0.1
    every: 500ms
    script: ../scripts/station.rhai

  temperature:
    role: sub
    connect: station                 # a node's name is its endpoint
    msgids: [1000]                   # exactly 1000, never 10001
    hwm: 100
    on_message: |
      print(`${msg.body.city}: ${msg.body.celsius} °C`)
"#;

    const STATION: &str = r#"
fn on_start() { this.count = 0; }
fn on_tick() {
    this.count += 1;
    publish(1000, #{ city: "Oslo", celsius: this.count % 30 });
}
"#;

    #[test]
    fn the_first_example_of_the_contract_loads() {
        let folder = tempfile::tempdir().unwrap();
        let path = write(folder.path(), "topologies/weather.yaml", WEATHER);
        let script = write(folder.path(), "scripts/station.rhai", STATION);
        let loaded = load(&path, &|_| None);
        assert_eq!(loaded.diagnostics, []);
        assert_eq!(loaded.files, [path, script]);
        let topology = loaded.topology.unwrap();
        assert_eq!(topology.name, "weather");
        assert_eq!(topology.nodes.len(), 2);
        assert!(topology.nodes.iter().all(|node| node.script.is_some()));
    }

    #[test]
    fn a_script_that_is_not_there_or_does_not_compile_is_told_where_it_is() {
        let folder = tempfile::tempdir().unwrap();
        let path = write(folder.path(), "topologies/weather.yaml", WEATHER);
        let missing = load(&path, &|_| None);
        assert_eq!(codes(&missing), [Code::Unreadable]);
        assert_eq!(missing.sources.position(missing.diagnostics[0].span().unwrap()).line, 11);
        let script = write(folder.path(), "scripts/station.rhai", "fn on_start() {\n  let = 1;\n}");
        let broken = load(&path, &|_| None);
        assert_eq!(codes(&broken), [Code::ScriptSyntax]);
        let span = broken.diagnostics[0].span().unwrap();
        assert_eq!(broken.sources.get(span.source).path(), script);
        assert_eq!(broken.sources.position(span).line, 2);
    }

    #[test]
    fn a_body_that_yaml_cut_says_so() {
        let folder = tempfile::tempdir().unwrap();
        let yaml = "nodes:\n  a:\n    role: pull\n    bind: 5\n    on_message: print(`a # b`)\n";
        let loaded = load(&write(folder.path(), "a.yaml", yaml), &|_| None);
        assert_eq!(codes(&loaded), [Code::ScriptSyntax]);
        assert!(loaded.diagnostics[0].why.as_ref().unwrap().contains(" #"));
        let fix = loaded.diagnostics[0].fix.as_ref().unwrap();
        let mended = [&yaml[..fix.span.start], &fix.replacement, &yaml[fix.span.end..]].concat();
        assert_eq!(load(&write(folder.path(), "a.yaml", &mended), &|_| None).diagnostics, []);
    }

    #[test]
    fn what_scripts_import_is_read_and_watched() {
        let folder = tempfile::tempdir().unwrap();
        let path = write(folder.path(), "t/weather.yaml", WEATHER);
        write(
            folder.path(),
            "scripts/station.rhai",
            "import \"unit\" as u;\nfn on_tick() { u::c() }",
        );
        let unit = write(folder.path(), "scripts/unit.rhai", "fn c() { 1 }");
        let loaded = load(&path, &|_| None);
        assert_eq!(loaded.diagnostics, []);
        assert!(loaded.files.contains(&unit), "{:?}", loaded.files);
        fs::remove_file(&unit).unwrap();
        let loaded = load(&path, &|_| None);
        assert_eq!(codes(&loaded), [Code::ScriptImport]);
        assert!(loaded.files.contains(&unit), "what is missing may come: {:?}", loaded.files);
    }

    #[test]
    fn a_symbolic_link_leads_no_import_out_of_the_folder() {
        use std::os::unix::fs::symlink;

        let folder = tempfile::tempdir().unwrap();
        let path = write(folder.path(), "app/t/weather.yaml", WEATHER);
        let importing = "import \"unit\" as u;\nfn on_tick() { u::c() }";
        write(folder.path(), "app/scripts/station.rhai", importing);
        let inside = write(folder.path(), "app/scripts/parts/unit.rhai", "fn c() { 1 }");
        let outside = write(folder.path(), "secret/unit.rhai", "fn c() { 2 }");
        let link = folder.path().join("app/scripts/unit.rhai");
        symlink(&inside, &link).unwrap();
        assert_eq!(load(&path, &|_| None).diagnostics, []);
        fs::remove_file(&link).unwrap();
        symlink(&outside, &link).unwrap();
        let loaded = load(&path, &|_| None);
        assert_eq!(codes(&loaded), [Code::ScriptImport]);
        assert!(loaded.diagnostics[0].message.contains("a symbolic link leads to"));
        assert!(loaded.files.contains(&link), "what is wrong now may be mended: {loaded:?}");
        // A folder on the way may be a link as well.
        fs::remove_file(&link).unwrap();
        let importing = importing.replace("unit", "more/unit");
        write(folder.path(), "app/scripts/station.rhai", &importing);
        symlink(folder.path().join("secret"), folder.path().join("app/scripts/more")).unwrap();
        assert_eq!(codes(&load(&path, &|_| None)), [Code::ScriptImport]);
        // Where all files of a folder are links to another one, they are together there.
        let front = folder.path().join("front");
        fs::create_dir_all(front.join("t")).unwrap();
        fs::create_dir_all(front.join("scripts")).unwrap();
        fs::remove_file(folder.path().join("app/scripts/more")).unwrap();
        write(folder.path(), "app/scripts/more/unit.rhai", "fn c() { 3 }");
        for name in ["t/weather.yaml", "scripts/station.rhai", "scripts/more"] {
            symlink(folder.path().join("app").join(name), front.join(name)).unwrap();
        }
        assert_eq!(load(&front.join("t/weather.yaml"), &|_| None).diagnostics, []);
    }

    #[test]
    fn a_file_that_is_no_topology_is_refused_with_one_clear_fault() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("none.yaml");
        assert_eq!(codes(&load(&path, &|_| None)), [Code::Unreadable]);
        assert_eq!(codes(&load(folder.path(), &|_| None)), [Code::Unreadable]);
        let empty = write(folder.path(), "empty.yaml", "");
        assert_eq!(codes(&load(&empty, &|_| None)), [Code::NotYaml]);
        fs::write(&path, b"nodes: \xFF").unwrap();
        assert_eq!(codes(&load(&path, &|_| None)), [Code::Unreadable]);
        fs::File::create(&path).unwrap().set_len(100 << 20).unwrap();
        assert_eq!(codes(&load(&path, &|_| None)), [Code::TooLarge]);
    }
}
