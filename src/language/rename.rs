//! Giving a thing another name, everywhere.
//!
//! Owns what can be renamed and to what. Where the name stands is found by `references.rs`.

use std::ops::Range;
use std::path::Path;

use super::outline::Outline;
use super::project::Project;
use super::references::{Location, of_target};
use super::target::{Target, target};

/// A text that takes another's place.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Edit {
    /// Where.
    pub place: Location,
    /// What is put there.
    pub text: String,
}

/// The name at a byte of a file, if it can be changed.
#[must_use]
pub fn renamable(
    project: &Project<'_>,
    path: &Path,
    byte: usize,
) -> Option<(Range<usize>, String)> {
    let outline = project.outline();
    let (target, range) = target(project, &outline, path, byte)?;
    let has_declaration =
        of_target(project, &outline, &target).iter().any(|place| place.is_declaration);
    let name = name_of(&target)?.to_owned();
    has_declaration.then_some((range, name))
}

/// The edits that give what is named at a byte of a file another name.
///
/// # Errors
///
/// When it cannot be renamed, or not to that.
pub fn rename(
    project: &Project<'_>,
    path: &Path,
    byte: usize,
    to: &str,
) -> Result<Vec<Edit>, String> {
    let outline = project.outline();
    let nothing = || "here is nothing that can be renamed".to_owned();
    let (target, _) = target(project, &outline, path, byte).ok_or_else(nothing)?;
    let name = name_of(&target).ok_or_else(nothing)?;
    if name == to {
        return Ok(Vec::new());
    }
    check(&outline, project, &target, to)?;
    let places = of_target(project, &outline, &target);
    if !places.iter().any(|place| place.is_declaration) {
        return Err(format!("`{name}` is declared nowhere in these files"));
    }
    Ok(places.into_iter().map(|place| Edit { place, text: to.to_owned() }).collect())
}

fn name_of(target: &Target) -> Option<&str> {
    match target {
        Target::Node(name)
        | Target::Place(name)
        | Target::Socket { socket: name, .. }
        | Target::Param { name, .. }
        | Target::Timer { name, .. }
        | Target::Function { name, .. }
        | Target::Anchor(name) => Some(name),
        Target::Handler(_)
        | Target::Known(_)
        | Target::Property { .. }
        | Target::File(_)
        | Target::Key(_)
        | Target::Option(_)
        | Target::Role(_)
        | Target::Code(_)
        | Target::Term(_) => None,
    }
}

/// Whether a name is one, and not taken.
fn check(
    outline: &Outline<'_>,
    project: &Project<'_>,
    target: &Target,
    to: &str,
) -> Result<(), String> {
    let takes_dashes = matches!(target, Target::Node(_) | Target::Place(_));
    let is_name = to.starts_with(|c: char| c.is_ascii_alphabetic())
        && to.chars().all(|c| c.is_ascii_alphanumeric() || c == '_' || (takes_dashes && c == '-'));
    if !is_name {
        let more = if takes_dashes { ", `_` and `-`" } else { " and `_`" };
        return Err(format!("`{to}` is no name: letters, digits{more}, a letter first"));
    }
    let renamed = match target {
        Target::Node(_) => Target::Node(to.to_owned()),
        Target::Place(_) => Target::Place(to.to_owned()),
        Target::Socket { nodes, .. } => {
            Target::Socket { nodes: nodes.clone(), socket: to.to_owned() }
        }
        Target::Param { nodes, .. } => Target::Param { nodes: nodes.clone(), name: to.to_owned() },
        Target::Timer { nodes, .. } => Target::Timer { nodes: nodes.clone(), name: to.to_owned() },
        Target::Function { file, .. } => {
            Target::Function { file: file.clone(), name: to.to_owned() }
        }
        Target::Anchor(_)
        | Target::Handler(_)
        | Target::Known(_)
        | Target::Property { .. }
        | Target::File(_)
        | Target::Key(_)
        | Target::Option(_)
        | Target::Role(_)
        | Target::Code(_)
        | Target::Term(_) => Target::Anchor(to.to_owned()),
    };
    let is_taken = of_target(project, outline, &renamed).iter().any(|place| place.is_declaration);
    if is_taken { Err(format!("there is a `{to}` already")) } else { Ok(()) }
}
