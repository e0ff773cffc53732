//! Units of systemd.
//!
//! Owns their text. Never installs one.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use super::project::{CONFIGURATION, Project, Written};
use super::sites::Site;
use super::words::{arguments, project_name, secrets};

/// What a unit may do: no more than to speak over the network and to write where it keeps its state.
/// What is refused answers with an error, and does not end the program.
const SANDBOX: &str = "\
DynamicUser=yes
UMask=0077
CapabilityBoundingSet=
AmbientCapabilities=
NoNewPrivileges=yes
LockPersonality=yes
MemoryDenyWriteExecute=yes
PrivateDevices=yes
PrivateTmp=yes
PrivateUsers=yes
ProtectClock=yes
ProtectControlGroups=yes
ProtectHome=yes
ProtectHostname=yes
ProtectKernelLogs=yes
ProtectKernelModules=yes
ProtectKernelTunables=yes
ProtectProc=invisible
ProtectSystem=strict
RemoveIPC=yes
RestrictAddressFamilies=AF_INET AF_INET6 AF_NETLINK AF_UNIX
RestrictNamespaces=yes
RestrictRealtime=yes
RestrictSUIDSGID=yes
SystemCallArchitectures=native
SystemCallFilter=@system-service
SystemCallFilter=~@privileged @obsolete
SystemCallErrorNumber=EPERM
";

/// A unit for each site.
pub(super) fn units(project: &Project, sites: &[Site<'_>]) -> Vec<Written> {
    let units = sites.iter().map(|site| Written {
        path: PathBuf::from(unit_name(project, site)),
        text: unit(project, sites, site),
    });
    units.collect()
}

/// `zrig-weather-edge.service`
pub(super) fn unit_name(project: &Project, site: &Site<'_>) -> String {
    format!("{}.service", unit_stem(project, site))
}

fn unit_stem(project: &Project, site: &Site<'_>) -> String {
    match site.place {
        Some(_) => format!("zrig-{}-{}", project_name(project), site.name),
        None => format!("zrig-{}", project_name(project)),
    }
}

/// Where the configuration lies.
pub(super) fn folder(project: &Project) -> PathBuf {
    Path::new(CONFIGURATION).join(project_name(project))
}

fn unit(project: &Project, sites: &[Site<'_>], site: &Site<'_>) -> String {
    let folder = folder(project);
    let stem = unit_stem(project, site);
    let command = arguments(project, sites, site, &folder, "127.0.0.1", None);
    let command: Vec<String> = command.iter().map(|word| quoted(word)).collect();
    let at = site.place.map(|place| format!(" at {}", place.name)).unwrap_or_default();
    let mut text = format!(
        "# Written by `zrig export systemd`; README.md has what to do with it.\n\
         [Unit]\n\
         Description={}{at}: {}\n\
         Wants=network-online.target\n\
         After=network-online.target\n\
         \n\
         [Service]\n\
         Type=notify\n\
         ExecStart=zrig {}\n\
         ExecReload=/bin/sh -c \"kill -HUP $MAINPID\"\n\
         Restart=on-failure\n\
         RestartSec=1\n\
         TimeoutStopSec=15\n\
         LimitNOFILE=65536\n",
        escaped(&project.topology.name),
        site.nodes.join(", "),
        command.join(" "),
    );
    let environment = folder.join("variables.env");
    let _ = writeln!(text, "EnvironmentFile=-{}", escaped(&environment.display().to_string()));
    let _ = writeln!(text, "Environment=XDG_RUNTIME_DIR=/run/{stem}");
    let _ = writeln!(text, "RuntimeDirectory={stem}\nRuntimeDirectoryMode=0700");
    if site.keeps {
        let _ = writeln!(text, "StateDirectory={stem}");
    }
    for name in secrets(project, site) {
        let path = folder.join("secrets").join(name);
        let _ = writeln!(
            text,
            "LoadCredential={}:{}",
            escaped(name),
            escaped(&path.display().to_string())
        );
    }
    let _ = write!(text, "\n# What it may do.\n{SANDBOX}\n[Install]\nWantedBy=multi-user.target\n");
    text
}

/// A word of a command.
fn quoted(word: &str) -> String {
    let is_plain = word.chars().all(|c| c.is_ascii_alphanumeric() || "_-./:=@,[]".contains(c));
    let word = escaped(word).replace('$', "$$");
    if is_plain { word } else { format!("\"{}\"", word.replace('\\', "\\\\").replace('"', "\\\"")) }
}

/// `%` begins what systemd fills in.
fn escaped(text: &str) -> String {
    text.replace('%', "%%").replace('\n', " ")
}
