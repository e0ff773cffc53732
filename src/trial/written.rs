//! What nodes write to their files while a test looks.
//!
//! Owns how far each file was read. Judges no line.

use std::fs::File;
use std::io::{Read as _, Seek as _, SeekFrom};
use std::path::PathBuf;
use std::sync::Arc;

use crate::simulation::Network;
use crate::test_file::{Action, Expected, TestSpec};
use crate::topology::{FileSpec, Topology};

/// The files of those nodes of which a test looks for lines.
#[derive(Default, Debug)]
pub(super) struct Written(Vec<Follow>);

#[derive(Debug)]
struct Follow {
    node: Arc<str>,
    /// None is standard output.
    path: Option<PathBuf>,
    read: usize,
    /// The beginning of a line that has no end yet.
    rest: Vec<u8>,
}

impl Written {
    /// Follows what the steps of a test look for, from where the files are now.
    pub(super) fn of(test: &TestSpec, topology: &Topology, network: Option<&Network>) -> Self {
        let mut follows: Vec<Follow> = Vec::new();
        for step in &test.steps {
            let (Action::Expect(watched) | Action::Never(watched)) = &step.action else { continue };
            let node = watched.at.split('.').next().unwrap_or_default();
            let write = topology.node(node).and_then(|spec| spec.write.as_ref());
            let is_new = !follows.iter().any(|it| *it.node == *node);
            if let (Expected::File(_), Some(write), true) = (&watched.what, write, is_new) {
                let path = match &write.file {
                    FileSpec::Standard => None,
                    FileSpec::Path(path) => Some(path.clone()),
                };
                // What is appended to is looked at from its end.
                let length = path.as_ref().filter(|_| network.is_none() && write.append);
                let length = length.and_then(|path| path.metadata().ok()).map(|it| it.len());
                let read = length.and_then(|length| usize::try_from(length).ok()).unwrap_or(0);
                follows.push(Follow { node: node.into(), path, read, rest: Vec::new() });
            }
        }
        Self(follows)
    }

    /// The lines that have been written since this was last asked, with the nodes whose they are.
    pub(super) fn lines(&mut self, network: Option<&Network>) -> Vec<(Arc<str>, String)> {
        let mut lines = Vec::new();
        for follow in &mut self.0 {
            let more = match (network, &follow.path) {
                (Some(network), path) => network.disk().read(path.as_deref(), follow.read),
                (None, Some(path)) => read_on(path, follow.read),
                (None, None) => None,
            };
            let more = more.unwrap_or_default();
            follow.read += more.len();
            follow.rest.extend(more);
            while let Some(end) = follow.rest.iter().position(|byte| *byte == b'\n') {
                let line: Vec<u8> = follow.rest.drain(..=end).take(end).collect();
                lines.push((Arc::clone(&follow.node), String::from_utf8_lossy(&line).into_owned()));
            }
        }
        lines
    }
}

fn read_on(path: &PathBuf, from: usize) -> Option<Vec<u8>> {
    let mut file = File::open(path).ok()?;
    file.seek(SeekFrom::Start(from as u64)).ok()?;
    let mut bytes = Vec::new();
    file.read_to_end(&mut bytes).ok()?;
    Some(bytes)
}
