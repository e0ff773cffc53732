//! Words that all engines say alike: the command of a place, and texts in quotes.
//!
//! Owns quoting. Never decides what is said.

use std::path::Path;

use super::project::{METRICS, Project};
use super::sites::{Site, label};

/// The name of all that belongs to a project.
pub(super) fn project_name(project: &Project) -> String {
    label(&project.topology.name)
}

/// The secrets that a site needs: not those of nodes that run elsewhere and are known by a public key.
pub(super) fn secrets<'p>(project: &'p Project, site: &Site<'_>) -> Vec<&'p str> {
    let is_elsewhere = |secret: &str| {
        let node = secret.strip_suffix(".key_secret").unwrap_or(secret);
        site.place.is_some()
            && !site.nodes.contains(&node)
            && project.known.iter().any(|known| known == node)
    };
    project.secrets.iter().map(String::as_str).filter(|secret| !is_elsewhere(secret)).collect()
}

/// The arguments of `zrig` that run a site, its configuration below a folder; `host` gives another host
/// to every site.
pub(super) fn arguments(
    project: &Project,
    sites: &[Site<'_>],
    site: &Site<'_>,
    folder: &Path,
    metrics: &str,
    host: Option<&dyn Fn(&Site<'_>) -> String>,
) -> Vec<String> {
    let mut words = vec!["run".to_owned(), folder.join(&project.file).display().to_string()];
    if let Some(place) = site.place {
        words.extend(["--place".to_owned(), place.name.clone()]);
    }
    if let Some(host) = host {
        // Its own too: there it binds every address that it has.
        for (place, other) in sites.iter().filter_map(|other| Some((other.place?, other))) {
            let is_needed = std::ptr::eq(other, site)
                || site.reaches.iter().any(|(at, _)| std::ptr::eq(&raw const sites[*at], other));
            if is_needed {
                words.extend(["--address".to_owned(), format!("{}={}", place.name, host(other))]);
            }
        }
    }
    words.extend(["--metrics".to_owned(), format!("{metrics}:{METRICS}")]);
    words
}

/// The name of what belongs to a site in Kubernetes.
pub(super) fn object_name(project: &Project, site: &Site<'_>) -> String {
    match site.place {
        Some(_) => format!("{}-{}", project_name(project), site.name),
        None => project_name(project),
    }
}

/// The labels by which a site's pods are found.
pub(super) fn labels(project: &Project, site: &Site<'_>) -> String {
    format!(
        "{{app.kubernetes.io/name: {}, app.kubernetes.io/component: {}}}",
        yaml(&project_name(project)),
        yaml(&site.name)
    )
}

/// A scalar of YAML.
pub(super) fn yaml(text: &str) -> String {
    let begins = |text: &str| text.starts_with(|c: char| c.is_ascii_alphabetic() || c == '/');
    let is_plain = begins(text.strip_prefix("--").unwrap_or(text))
        && text.chars().all(|c| c.is_ascii_alphanumeric() || "_-./=".contains(c))
        && !matches!(
            text.to_lowercase().as_str(),
            "true" | "false" | "null" | "yes" | "no" | "on" | "off" | "y" | "n"
        );
    if is_plain { text.to_owned() } else { serde_json::Value::from(text).to_string() }
}

/// A list of YAML, in one line.
pub(super) fn yaml_list(words: &[String]) -> String {
    let words: Vec<String> = words.iter().map(|word| yaml(word)).collect();
    format!("[{}]", words.join(", "))
}
