//! What is exported, and to whom.
//!
//! Owns these values. Never makes a text of them.

use std::path::PathBuf;
use std::sync::Arc;

use crate::topology::Topology;

/// Who runs it.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Engine {
    /// A unit a place.
    Systemd,
    /// A service a place, of one image.
    Compose,
    /// A Deployment or a StatefulSet a place.
    Kubernetes,
}

impl Engine {
    /// Its word on the command line.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Systemd => "systemd",
            Self::Compose => "compose",
            Self::Kubernetes => "kubernetes",
        }
    }
}

/// A topology with all that it is made of.
#[derive(Debug)]
pub struct Project {
    /// The topology, whole.
    pub topology: Topology,
    /// Its file, in the tree of files.
    pub file: PathBuf,
    /// Every file that is no secret, in a tree of its own, in order.
    pub files: Vec<ProjectFile>,
    /// The names of the files that hold secrets, in order.
    pub secrets: Vec<String>,
    /// The nodes whose secret alone need not be where they do not run: their public half is among the
    /// files.
    pub known: Vec<String>,
    /// The variables that have no value in the file, in order.
    pub variables: Vec<String>,
    /// The image that containers are made of.
    pub image: String,
}

/// A file of the configuration.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct ProjectFile {
    /// Where in the tree it is.
    pub path: PathBuf,
    /// What it says.
    pub text: Arc<str>,
}

/// A file to be written.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Written {
    /// Where, below the folder of the export.
    pub path: PathBuf,
    /// What.
    pub text: String,
}

/// Where the configuration lies where a topology runs, but with systemd, which has a folder a name.
pub(super) const CONFIGURATION: &str = "/etc/zrig";
/// Where files are kept: what `${STATE_DIRECTORY}` stands for in a file that is exported.
pub const STATE: &str = "/var/lib/zrig";
/// The port of the figures.
pub(super) const METRICS: u16 = 9464;
