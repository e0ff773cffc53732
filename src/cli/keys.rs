//! `zrig keys`: certificates for CURVE, in files that pyzmq and CZMQ read too.
//!
//! Owns the arguments of `keys`, and which of two files is missing. What is in them is `security/`'s.

use std::fs::{self, DirBuilder};
use std::io::{self, Read, Write};
use std::os::unix::fs::{DirBuilderExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::SystemTime;

use clap::Args;
use zeroize::Zeroizing;

use super::output::{FAILED, INVALID, aside, invalid, show_faults};
use super::variables::Variables;
use crate::load::load;
use crate::security::{Certificate, KeyPair, PublicKey, is_open_to_others};
use crate::visible::visible;
use crate::whole::write_new;

/// Make the CURVE certificates that are missing; those that are there stay
#[derive(Args, Debug)]
pub(super) struct KeysArguments {
    /// The folder for NAME.key, which may be given away, and NAME.key_secret, which may not
    #[arg(value_name = "DIR")]
    folder: PathBuf,
    /// One for each node of a topology
    #[arg(long = "for", value_name = "FILE")]
    topology: Option<PathBuf>,
    /// One for each name
    #[arg(value_name = "NAME")]
    names: Vec<String>,
}

/// What became of a name.
enum Outcome {
    Made,
    /// The public half alone was missing.
    MadePublic,
    There,
}

impl KeysArguments {
    /// Makes them, and says what was made and what was there.
    ///
    /// # Errors
    ///
    /// When that cannot be written.
    pub(super) fn run(&self) -> io::Result<ExitCode> {
        let mut names = match &self.topology {
            Some(file) => match nodes_of(file) {
                Ok(names) => names,
                Err(status) => return Ok(status),
            },
            None => Vec::new(),
        };
        names.extend(self.names.iter().cloned());
        if names.is_empty() {
            return Ok(invalid("whose? Give names, or a topology for its nodes: `--for FILE`"));
        }
        if let Some(name) = names.iter().find(|name| !is_name(name)) {
            return Ok(invalid(&format!(
                "`{}` cannot name a certificate: use letters, digits and `_-.@`, a letter or digit first",
                visible(name)
            )));
        }
        let shown = self.folder.display().to_string();
        if let Err(error) = made_folder(&self.folder) {
            aside(&format!("error: {}: {error}", visible(&shown)));
            return Ok(ExitCode::from(FAILED));
        }
        let mut out = io::stdout().lock();
        let mut status = ExitCode::SUCCESS;
        let mut seen = Vec::new();
        for name in names {
            if seen.contains(&name) {
                continue;
            }
            let path = self.folder.join(format!("{name}.key")).display().to_string();
            let path = visible(&path);
            match make(&self.folder, &name) {
                Ok(Outcome::Made) => writeln!(out, "made   {path} and {path}_secret")?,
                Ok(Outcome::MadePublic) => writeln!(out, "made   {path}, of {path}_secret")?,
                Ok(Outcome::There) => writeln!(out, "there  {path} and {path}_secret")?,
                Err(why) => {
                    aside(&format!("error: {}", visible(&why)));
                    status = ExitCode::from(FAILED);
                }
            }
            seen.push(name);
        }
        Ok(status)
    }
}

/// The names of a topology's nodes. It may have faults, such as that these certificates are missing.
fn nodes_of(file: &Path) -> Result<Vec<String>, ExitCode> {
    let variables = Variables::default();
    let loaded = load(file, &|name| variables.get(name));
    match loaded.node_names() {
        Some(names) if !names.is_empty() => Ok(names),
        Some(_) | None => {
            show_faults(&loaded);
            Err(ExitCode::from(INVALID))
        }
    }
}

fn is_name(name: &str) -> bool {
    name.starts_with(|c: char| c.is_alphanumeric())
        && name.len() <= 128
        && name.chars().all(|c| c.is_alphanumeric() || "_-.@".contains(c))
}

/// Makes the folder for its owner alone, if there is none.
fn made_folder(folder: &Path) -> Result<(), String> {
    if folder.is_dir() {
        let mode = fs::metadata(folder).map_or(0, |about| about.permissions().mode());
        if mode & 0o022 != 0 && mode & 0o1000 == 0 {
            return Err(format!(
                "others may put certificates into it (mode {:04o}); `chmod go-w` it first",
                mode & 0o7777
            ));
        }
        return Ok(());
    }
    let made = DirBuilder::new().recursive(true).mode(0o700).create(folder);
    made.map_err(|error| error.to_string())
}

fn make(folder: &Path, name: &str) -> Result<Outcome, String> {
    let public = folder.join(format!("{name}.key"));
    let secret = folder.join(format!("{name}.key_secret"));
    let is_there = |path: &Path| path.symlink_metadata().is_ok();
    let now = SystemTime::now();
    let write = |path: &Path, bytes: &[u8], mode| {
        let written = write_new(path, bytes, mode);
        written.map_err(|error| format!("{}: {error}", path.display()))
    };
    match (is_there(&public), is_there(&secret)) {
        (true, true) => {
            let own = read_secret(&secret)?;
            let text = read(&public)?;
            let read = Certificate::<PublicKey>::read(&text);
            let given = read.map_err(|flaws| told(&public, &flaws))?;
            if given.key() != own.public().key() {
                let (one, other) = (public.display(), secret.display());
                return Err(format!("{one} does not belong to {other}: they are no pair"));
            }
            Ok(Outcome::There)
        }
        (true, false) => Err(format!(
            "{} is there without its secret key, which somebody else may have: remove it for a new pair",
            public.display()
        )),
        (false, true) => {
            let text = read_secret(&secret)?.public().text(now);
            write(&public, text.as_bytes(), 0o644)?;
            Ok(Outcome::MadePublic)
        }
        (false, false) => {
            let pair = KeyPair::generate().ok_or("this libzmq was built without CURVE")?;
            let made = Certificate::new(pair, name).ok_or("the name cannot be written")?;
            write(&secret, made.text(now).expose(), 0o600)?;
            write(&public, made.public().text(now).as_bytes(), 0o644)?;
            Ok(Outcome::Made)
        }
    }
}

fn read_secret(path: &Path) -> Result<Certificate<KeyPair>, String> {
    let mode = fs::metadata(path).map_or(0, |about| about.permissions().mode());
    if is_open_to_others(mode) {
        let (path, mode) = (path.display(), mode & 0o7777);
        return Err(format!("{path} can be read by others (mode {mode:04o}): `chmod 600 {path}`"));
    }
    let text = read(path)?;
    Certificate::<KeyPair>::read(&text).map_err(|flaws| told(path, &flaws))
}

fn read(path: &Path) -> Result<Zeroizing<String>, String> {
    let most = Certificate::<PublicKey>::MAX_BYTES;
    let mut text = Zeroizing::new(String::new());
    let read =
        fs::File::open(path).and_then(|file| file.take(most as u64 + 1).read_to_string(&mut text));
    match read {
        Ok(bytes) if bytes > most => Err(format!("{}: it is no certificate", path.display())),
        Ok(_) => Ok(text),
        Err(error) => Err(format!("{}: {error}", path.display())),
    }
}

/// The first thing that is wrong, with its place.
fn told<F: std::fmt::Display>(path: &Path, flaws: &[crate::security::Flaw<F>]) -> String {
    let first = flaws.first().map(ToString::to_string).unwrap_or_default();
    let more = match flaws.len() {
        0 | 1 => String::new(),
        many => format!(" (and {} more)", many - 1),
    };
    format!("{}:{first}{more}", path.display())
}
