//! A file of Compose.
//!
//! Owns its text. Never runs a container.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use super::project::{CONFIGURATION, METRICS, Project, STATE, Written};
use super::sites::Site;
use super::words::{arguments, project_name, secrets, yaml, yaml_list};

/// The one file of all sites.
pub(super) fn services(project: &Project, sites: &[Site<'_>]) -> Vec<Written> {
    vec![Written { path: PathBuf::from("compose.yaml"), text: compose(project, sites) }]
}

fn compose(project: &Project, sites: &[Site<'_>]) -> String {
    let mut text = format!(
        "# Written by `zrig export compose`; README.md has what to do with it.\n\
         name: {}\n\
         \n\
         x-place: &place\n\
         \x20 image: ${{ZRIG_IMAGE:-{}}}\n\
         \x20 # The secrets below have to belong to it.\n\
         \x20 user: \"${{ZRIG_UID:-1000}}:${{ZRIG_GID:-1000}}\"\n\
         \x20 restart: unless-stopped\n\
         \x20 stop_grace_period: 15s\n\
         \x20 read_only: true\n\
         \x20 tmpfs: [\"/tmp:mode=1777\"]\n\
         \x20 cap_drop: [ALL]\n\
         \x20 security_opt: [\"no-new-privileges:true\"]\n\
         \x20 healthcheck:\n\
         \x20   test: [CMD, /zrig, top, \"127.0.0.1:{METRICS}\", --once]\n\
         \x20   interval: 10s\n\
         \x20   timeout: 5s\n\
         \x20   start_period: 5s\n",
        yaml(&project_name(project)),
        project.image,
    );
    if !project.variables.is_empty() {
        text.push_str("  env_file: [{path: variables.env, required: false}]\n");
    }
    text.push_str("\nservices:\n");
    for (at, site) in sites.iter().enumerate() {
        service(&mut text, project, sites, at, site);
    }
    networks(&mut text, sites);
    let keeping: Vec<&Site<'_>> = sites.iter().filter(|site| site.keeps).collect();
    if !keeping.is_empty() {
        text.push_str("\nvolumes:\n");
        for site in keeping {
            let _ = writeln!(text, "  {}-state: {{}}", site.name);
        }
    }
    if !project.secrets.is_empty() {
        text.push_str("\n# Not written here: README.md says where they come from.\nsecrets:\n");
        for name in &project.secrets {
            let _ = writeln!(text, "  {}: {{file: {}}}", yaml(name), yaml(&secret(name)));
        }
    }
    text
}

fn secret(name: &str) -> String {
    format!("${{ZRIG_SECRETS:-./secrets}}/{name}")
}

fn service(text: &mut String, project: &Project, sites: &[Site<'_>], at: usize, site: &Site<'_>) {
    let host = |site: &Site<'_>| site.name.clone();
    let command =
        arguments(project, sites, site, Path::new(CONFIGURATION), "127.0.0.1", Some(&host));
    let _ = writeln!(text, "  {}:\n    <<: *place\n    # {}", site.name, site.nodes.join(", "));
    let _ = writeln!(text, "    command: {}", yaml_list(&escaped(&command)));
    text.push_str("    environment:\n");
    if !project.secrets.is_empty() {
        text.push_str("      CREDENTIALS_DIRECTORY: /run/secrets\n");
    }
    let _ = writeln!(text, "      STATE_DIRECTORY: {STATE}");
    let _ = writeln!(
        text,
        "    volumes:\n      # A folder, so that a file that is saved there is applied at once.\n      \
         - {{type: bind, source: ./files, target: {CONFIGURATION}, read_only: true}}"
    );
    if site.keeps {
        let _ = writeln!(
            text,
            "      - {{type: volume, source: {}-state, target: {STATE}}}",
            site.name
        );
    }
    let lent: Vec<String> = secrets(project, site).into_iter().map(str::to_owned).collect();
    if !lent.is_empty() {
        let _ = writeln!(text, "    secrets: {}", yaml_list(&lent));
    }
    let open: Vec<String> = site
        .ports
        .iter()
        .filter(|(_, port)| port.is_open)
        .map(|(number, _)| format!("{number}:{number}"))
        .collect();
    if !open.is_empty() {
        let open: Vec<String> = open.iter().map(|port| format!("\"{port}\"")).collect();
        let _ = writeln!(text, "    ports: [{}]", open.join(", "));
    }
    let mut joined: Vec<String> = (0..sites.len())
        .filter(|other| *other != at && site.meets(at, *other, sites))
        .map(|other| network(sites, at, other))
        .collect();
    if site.goes_outside() {
        joined.push("outside".to_owned());
    }
    if joined.is_empty() {
        text.push_str("    network_mode: none\n");
    } else {
        let _ = writeln!(text, "    networks: {}", yaml_list(&joined));
    }
    let _ = writeln!(
        text,
        "    deploy: {{replicas: {}, resources: {{limits: {{memory: 512M}}}}}}\n",
        site.copies()
    );
}

/// The network of two sites.
fn network(sites: &[Site<'_>], one: usize, other: usize) -> String {
    format!("{}-{}", sites[one.min(other)].name, sites[one.max(other)].name)
}

/// A network for each two sites that have a link, which leads nowhere else.
fn networks(text: &mut String, sites: &[Site<'_>]) {
    let mut written = String::new();
    for (one, site) in sites.iter().enumerate() {
        for other in one + 1..sites.len() {
            if site.meets(one, other, sites) {
                let _ = writeln!(written, "  {}: {{internal: true}}", network(sites, one, other));
            }
        }
    }
    if sites.iter().any(Site::goes_outside) {
        written.push_str("  outside: {}\n");
    }
    if !written.is_empty() {
        let _ = write!(text, "networks:\n{written}");
    }
}

/// `$` begins what Compose fills in.
fn escaped(words: &[String]) -> Vec<String> {
    words.iter().map(|word| word.replace('$', "$$")).collect()
}
