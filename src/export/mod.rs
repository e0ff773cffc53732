//! What runs each place of a topology on an engine that people already use.
//!
//! Owns the texts of units, services and manifests. Pure: the same topology gives the same bytes, and
//! whoever calls writes them. Never holds a secret.

mod compose;
mod kubernetes;
mod manual;
mod network_policy;
mod project;
mod sites;
mod systemd;
mod words;

use std::path::PathBuf;

pub use project::{Engine, Project, ProjectFile, STATE, Written};

/// All files of an export, in the order of their paths.
#[must_use]
pub fn export(project: &Project, engine: Engine) -> Vec<Written> {
    let sites = sites::sites(project);
    let mut written = match engine {
        Engine::Systemd => systemd::units(project, &sites),
        Engine::Compose => compose::services(project, &sites),
        Engine::Kubernetes => kubernetes::manifests(project, &sites),
    };
    written.push(Written {
        path: PathBuf::from("README.md"),
        text: manual::manual(project, &sites, engine),
    });
    if !project.secrets.is_empty() || !project.variables.is_empty() {
        written.push(Written {
            path: PathBuf::from(".gitignore"),
            text: "# What says secrets.\nsecrets/\nvariables.env\n".to_owned(),
        });
    }
    written.extend(project.files.iter().map(|file| Written {
        path: PathBuf::from("files").join(&file.path),
        text: file.text.to_string(),
    }));
    written.sort_by(|a, b| a.path.cmp(&b.path));
    written
}

/// What of a topology cannot be as it is where it is exported to, a sentence each.
#[must_use]
pub fn warnings(project: &Project, engine: Engine) -> Vec<String> {
    sites::warnings(project, engine)
}
