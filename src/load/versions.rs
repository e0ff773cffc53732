//! What the last versions of a run were read from, for who wants to see one as it was.
//!
//! Owns how much of that is kept, and that a text which stays is kept once. Never reads a file.

use std::borrow::Cow;
use std::collections::VecDeque;
use std::path::{Component, Path, PathBuf};
use std::sync::{Arc, Mutex};

use crate::lock::locked;
use crate::source::SourceMap;
use crate::topology::Part;

/// How many versions are kept.
const VERSIONS: usize = 16;
/// How many bytes those before the last may have, each text counted as often as it is named.
const OLD_BYTES: usize = 4 << 20;

/// What the last versions of a run were read from.
#[derive(Clone, Default, Debug)]
pub struct Versions {
    /// The part of the file that runs.
    part: Part,
    kept: Arc<Mutex<VecDeque<Version>>>,
}

/// What one version was read from.
#[derive(Clone, Debug)]
pub struct Version {
    /// Its number.
    pub generation: u64,
    /// The texts by their paths, secrets included; the topology's own is the first.
    pub texts: Vec<(PathBuf, Arc<str>)>,
    /// The same as they may be shown.
    pub shown: Vec<Arc<str>>,
}

impl Versions {
    /// Of a run of this part of its file.
    #[must_use]
    pub fn of(part: &Part) -> Self {
        Self { part: part.clone(), ..Self::default() }
    }

    /// What a version is read from, before it runs: one that comes to nothing is followed by another
    /// of the same number.
    pub fn keep(&self, generation: u64, sources: &SourceMap) {
        let mut kept = locked(&self.kept);
        kept.retain(|version| version.generation < generation);
        let known = |path: &Path, text: &Arc<str>| {
            let texts = kept.back().into_iter().flat_map(|version| &version.texts);
            let mut same = texts.filter(|(known, old)| known == path && old == text);
            same.next().map(|(_, old)| Arc::clone(old))
        };
        let texts = sources.iter().map(|(_, source)| {
            let path = absolute(source.path());
            let text = known(&path, source.text());
            (path, text.unwrap_or_else(|| Arc::clone(source.text())))
        });
        let texts: Vec<_> = texts.collect();
        let shown = sources.iter().zip(&texts).map(|((_, source), (_, text))| {
            match source.shown(0..source.text().len()) {
                Cow::Borrowed(_) => Arc::clone(text),
                Cow::Owned(shown) => shown.into(),
            }
        });
        let shown = shown.collect();
        kept.push_back(Version { generation, texts, shown });
        let bytes = |version: &Version| version.texts.iter().map(|(_, text)| text.len()).sum();
        let mut old: usize = kept.iter().rev().skip(1).map(bytes).sum();
        while kept.len() > VERSIONS || (old > OLD_BYTES && kept.len() > 1) {
            old -= kept.pop_front().as_ref().map_or(0, bytes);
        }
    }

    /// What came after a generation never ran.
    pub fn forget_after(&self, generation: u64) {
        locked(&self.kept).retain(|version| version.generation <= generation);
    }

    /// What a version was read from, if that is still kept.
    #[must_use]
    pub fn version(&self, generation: u64) -> Option<Version> {
        locked(&self.kept).iter().find(|version| version.generation == generation).cloned()
    }

    /// Versions that came after a generation.
    #[must_use]
    pub fn since(&self, generation: u64) -> Vec<Version> {
        locked(&self.kept).iter().filter(|it| it.generation > generation).cloned().collect()
    }

    /// The part of the file that runs.
    #[must_use]
    pub fn part(&self) -> &Part {
        &self.part
    }
}

/// A path for another process. The folder of this one has no symbolic link in it, so that what leads
/// up from there may be taken by its name; what comes after may have some.
fn absolute(path: &Path) -> PathBuf {
    let mut absolute = std::env::current_dir().unwrap_or_default();
    let mut parts = path.components().peekable();
    while let Some(part) =
        parts.next_if(|part| matches!(part, Component::CurDir | Component::ParentDir))
    {
        if part == Component::ParentDir {
            absolute.pop();
        }
    }
    absolute.extend(parts);
    absolute
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::source::Source;

    fn sources(texts: &[(&str, &str)]) -> SourceMap {
        let mut sources = SourceMap::default();
        for (path, text) in texts {
            sources.add(Source::new(*path, *text));
        }
        sources
    }

    #[test]
    fn a_version_is_told_as_it_was_and_a_text_that_stays_is_kept_once() {
        let versions = Versions::of(&Part { only: vec!["a".to_owned()], ..Part::default() });
        let of = |text| sources(&[("/t/a.yaml", text), ("/t/b.rhai", "same")]);
        versions.keep(1, &of("one"));
        versions.keep(2, &of("rolled back"));
        versions.keep(2, &of("two"));
        for (generation, text) in [(1, "one"), (2, "two")] {
            let told = versions.version(generation).unwrap();
            let texts = told.texts.iter().map(|(path, text)| (path.to_str().unwrap(), &**text));
            assert_eq!(texts.collect::<Vec<_>>(), [("/t/a.yaml", text), ("/t/b.rhai", "same")]);
        }
        assert!(versions.version(3).is_none());
        versions.keep(3, &of("rolled back"));
        versions.forget_after(2);
        assert!(versions.version(3).is_none());
        assert_eq!(versions.since(1).iter().map(|it| it.generation).collect::<Vec<_>>(), [2]);
        let kept = locked(&versions.kept);
        assert!(Arc::ptr_eq(&kept[0].texts[1].1, &kept[1].texts[1].1));
    }

    #[test]
    fn the_last_version_is_kept_and_of_those_before_as_many_as_there_is_room_for() {
        let versions = Versions::default();
        for generation in 1..=3 * VERSIONS as u64 {
            versions.keep(generation, &sources(&[("a", "text")]));
        }
        assert!(versions.version(2 * VERSIONS as u64).is_none());
        assert!(versions.version(2 * VERSIONS as u64 + 1).is_some());
        let long = "x".repeat(OLD_BYTES / 2 + 1);
        for generation in 100..103 {
            versions.keep(generation, &sources(&[("a", &format!("{generation}{long}"))]));
        }
        assert_eq!(locked(&versions.kept).len(), 2);
        versions.keep(103, &sources(&[("a", &long.repeat(3))]));
        versions.keep(104, &sources(&[("a", &long.repeat(3))]));
        assert_eq!(locked(&versions.kept).len(), 1);
    }

    #[test]
    fn a_path_is_told_for_who_stands_elsewhere() {
        let here = std::env::current_dir().unwrap();
        for (path, want) in [
            ("/a/../b", PathBuf::from("/a/../b")),
            ("a/../b", here.join("a/../b")),
            ("./a", here.join("a")),
            (".././a/b", here.parent().unwrap().join("a/b")),
        ] {
            assert_eq!(absolute(Path::new(path)), want, "{path}");
        }
    }
}
