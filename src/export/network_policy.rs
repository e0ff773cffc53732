//! Who may speak with whom in Kubernetes: those that have a link.
//!
//! Owns the text of a NetworkPolicy.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;

use super::project::{METRICS, Project};
use super::sites::{Port, Site};
use super::words::{labels, object_name};

/// The policy of a site.
pub(super) fn policy(project: &Project, sites: &[Site<'_>], at: usize, site: &Site<'_>) -> String {
    let mut text = format!(
        "---\n\
         apiVersion: networking.k8s.io/v1\n\
         kind: NetworkPolicy\n\
         metadata:\n\
         \x20 name: {name}\n\
         spec:\n\
         \x20 podSelector:\n\
         \x20   matchLabels: {labels}\n\
         \x20 policyTypes: [Ingress, Egress]\n\
         \x20 ingress:\n\
         \x20   # Figures and probes.\n\
         \x20   - ports: [{{port: {METRICS}}}]\n",
        name = object_name(project, site),
        labels = labels(project, site),
    );
    let open: BTreeSet<u16> = numbers(site, |port| port.is_open);
    if !open.is_empty() {
        let _ = writeln!(text, "    - ports: {}", ports(&open));
    }
    for (from, other) in sites.iter().enumerate().filter(|(from, _)| *from != at) {
        let reached = numbers(site, |port| port.from.contains(&from) && !port.is_open);
        peers(&mut text, "from", &labels(project, other), &reached);
    }
    text.push_str("  egress:\n    # Names.\n");
    text.push_str("    - ports: [{port: 53, protocol: UDP}, {port: 53, protocol: TCP}]\n");
    let mut reached: BTreeMap<usize, BTreeSet<u16>> = BTreeMap::new();
    for (to, port) in &site.reaches {
        reached.entry(*to).or_default().insert(*port);
    }
    for (to, numbers) in &reached {
        peers(&mut text, "to", &labels(project, &sites[*to]), numbers);
    }
    if !site.outside.is_empty() {
        let _ = writeln!(text, "    - ports: {}", ports(&site.outside));
    }
    text
}

fn numbers(site: &Site<'_>, fits: impl Fn(&Port) -> bool) -> BTreeSet<u16> {
    site.ports.iter().filter(|(_, port)| fits(port)).map(|(number, _)| *number).collect()
}

fn peers(text: &mut String, word: &str, labels: &str, numbers: &BTreeSet<u16>) {
    if !numbers.is_empty() {
        let _ = writeln!(
            text,
            "    - {word}: [{{podSelector: {{matchLabels: {labels}}}}}]\n      ports: {}",
            ports(numbers)
        );
    }
}

fn ports(numbers: &BTreeSet<u16>) -> String {
    let ports: Vec<String> = numbers.iter().map(|number| format!("{{port: {number}}}")).collect();
    format!("[{}]", ports.join(", "))
}
