//! The README beside an export: how it is put to use.
//!
//! Owns its text.

use std::fmt::Write as _;

use super::project::{CONFIGURATION, Engine, Project};
use super::sites::Site;
use super::systemd::{folder, unit_name};
use super::words::project_name;

/// The README of an export.
pub(super) fn manual(project: &Project, sites: &[Site<'_>], engine: Engine) -> String {
    let name = &project.topology.name;
    let mut text = format!(
        "# {name} on {}\n\nWritten by `zrig export {}` from `files/{}`. What is written again is the \
         same; a file\nthat was changed here is not overwritten without `--force`.\n\n",
        engine.word(),
        engine.word(),
        project.file.display()
    );
    text.push_str("| place | nodes | bound for others | runs |\n|---|---|---|---|\n");
    for site in sites {
        let ports: Vec<String> = site.ports.keys().map(ToString::to_string).collect();
        let _ = writeln!(
            text,
            "| {} | {} | {} | {} |",
            site.name,
            site.nodes.join(", "),
            ports.join(", "),
            match site.copies() {
                1 => "once".to_owned(),
                copies => format!("{copies} times"),
            }
        );
    }
    text.push('\n');
    match engine {
        Engine::Systemd => systemd(&mut text, project, sites),
        Engine::Compose => compose(&mut text, project),
        Engine::Kubernetes => kubernetes(&mut text, project),
    }
    text
}

/// The commands of a page.
fn commands(text: &mut String, commands: &[String]) {
    let _ = writeln!(text, "```console\n$ {}\n```\n", commands.join("\n$ "));
}

fn systemd(text: &mut String, project: &Project, sites: &[Site<'_>]) {
    let folder = folder(project);
    let folder = folder.display();
    text.push_str(
        "On each machine, as root, with `zrig` in `/usr/bin` or `/usr/local/bin`; of the units the one of \
         the place\nthat the machine is:\n\n",
    );
    let unit = sites.first().map(|site| unit_name(project, site)).unwrap_or_default();
    commands(
        text,
        &[
            format!("mkdir -p {folder} && cp -r files/. {folder}"),
            format!("cp {unit} /etc/systemd/system"),
            format!("systemctl daemon-reload && systemctl enable --now {unit}"),
        ],
    );
    let _ = writeln!(
        text,
        "What is saved below `{folder}` is applied at once; `systemctl reload` looks again. \
         `systemctl status`\nsays what runs, `journalctl -u {unit}` what happened.\n"
    );
    if !project.secrets.is_empty() {
        let _ = writeln!(
            text,
            "Secrets are credentials: systemd reads them as root and gives them to the unit. Copy \
             those that\nthe unit names to `{folder}/secrets`, for root alone (`chmod -R go= {folder}/secrets`).\n"
        );
    }
    variables(text, project, &format!("`{folder}/variables.env`"));
    if sites.iter().any(|site| site.copies() > 1) {
        text.push_str(
            "A place that runs several times is that many machines with the same unit.\n",
        );
    }
}

fn compose(text: &mut String, project: &Project) {
    commands(
        text,
        &["docker compose config --quiet", "docker compose up --detach", "docker compose ps"]
            .map(str::to_owned),
    );
    let _ = writeln!(
        text,
        "What is saved below `files` is applied at once, by every place: the folder is mounted at \
         `{CONFIGURATION}`.\nThe image has the program as `/zrig` and as its entry point; `ZRIG_IMAGE` \
         names another one.\n"
    );
    if !project.secrets.is_empty() {
        let _ = writeln!(
            text,
            "Secrets are read from `secrets`, or from the folder that `ZRIG_SECRETS` names, and stay \
             out of git: {}.\nThey have to belong to the user that the containers run as, `ZRIG_UID` \
             and `ZRIG_GID`.\n",
            project.secrets.join(", ")
        );
    }
    variables(text, project, "`variables.env`");
}

fn kubernetes(text: &mut String, project: &Project) {
    let name = project_name(project);
    commands(
        text,
        &[
            "kubectl diff -k .".to_owned(),
            "kubectl apply -k .".to_owned(),
            format!("kubectl get pods -l app.kubernetes.io/name={name}"),
        ],
    );
    let _ = writeln!(
        text,
        "The files are the ConfigMap `{name}-files`. Applied again it changes in place, within a \
         minute in every\npod, and what runs applies it: nothing is restarted. The image has the \
         program as its entry point.\n"
    );
    if !project.secrets.is_empty() {
        let files: Vec<String> =
            project.secrets.iter().map(|secret| format!("--from-file=secrets/{secret}")).collect();
        text.push_str("Secrets stay out of these files, and the folder `secrets` out of git. Copy them there, and \
             make the Secret before:\n\n");
        commands(
            text,
            &[format!("kubectl create secret generic {name}-secrets {}", files.join(" "))],
        );
    }
    if !project.variables.is_empty() {
        text.push_str("So do the values of variables:\n\n");
        commands(
            text,
            &[format!(
                "kubectl create secret generic {name}-variables --from-env-file=variables.env"
            )],
        );
        variables(text, project, "`variables.env`");
    }
}

fn variables(text: &mut String, project: &Project, file: &str) {
    if !project.variables.is_empty() {
        let _ = writeln!(
            text,
            "The file reads variables. Those without a default there want a line `NAME=VALUE` in \
             {file}, which stays out of git: {}.\n",
            project.variables.join(", ")
        );
    }
}
