//! The certificates that a topology names: its nodes' own, those of servers elsewhere, and of all who
//! may come.
//!
//! Owns reading their files, and pointing at what is wrong without a word of what is in them. Never
//! decides who needs one.

use std::collections::hash_map::DefaultHasher;
use std::hash::{Hash, Hasher};
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use crate::aside::within;
use crate::diagnostic::{Code, Diagnostic};
use crate::document::{Document, Mapping};
use crate::security::{
    Certificate, CertificateFault, Flaw, KeyPair, PublicKey, Secret, is_open_to_others,
};
use crate::source::Span;
use crate::topology::{Certificates, NodeKey};

use super::read::{ReadError, read_file};

/// How long a file system may take to list a folder.
const ANSWER: Duration = Duration::from_secs(2);
/// More than so many certificates in a folder are no certificates.
const MOST: usize = 10_000;
/// The folder of those who may come, beside the nodes' own certificates.
const ALLOWED: &str = "allow";

/// What came of reading them.
#[derive(Default)]
pub(super) struct Read {
    pub(super) certificates: Certificates,
    /// What tells one version of the files from another, and no more.
    pub(super) fingerprints: Vec<(PathBuf, u64)>,
    /// Every file and folder whose change may matter.
    pub(super) files: Vec<PathBuf>,
    /// When the first certificate of those that hold ceases to.
    pub(super) holds_until: Option<SystemTime>,
    /// Where secrets lie that a service manager lends to the run.
    lent: Option<PathBuf>,
}

impl Read {
    /// Where a secret file is: what is not at its path may be lent, under its name alone.
    pub(super) fn secret_path(&self, path: &Path) -> PathBuf {
        let lent = self.lent.as_ref().zip(path.file_name()).map(|(lent, name)| lent.join(name));
        lent.filter(|lent| !path.exists() && lent.exists()).unwrap_or_else(|| path.to_owned())
    }

    /// Whether others than who runs it may read a secret file. What is lent belongs to root, who lends it
    /// by the file's group.
    pub(super) fn is_open_to_others(&self, path: &Path) -> bool {
        let is_lent = self.lent.as_ref().is_some_and(|lent| path.starts_with(lent));
        let of_root = path.metadata().is_ok_and(|about| about.uid() == 0);
        let mode = mode_of(path);
        is_open_to_others(if is_lent && of_root { mode & !0o040 } else { mode })
    }

    /// A file's text; that it was looked at is noted.
    pub(super) fn text(&mut self, path: &Path, most: usize) -> Result<String, ReadError> {
        self.files.push(path.to_owned());
        let text = read_file(path, most);
        let mut hasher = DefaultHasher::new();
        match &text {
            Ok(text) => {
                text.hash(&mut hasher);
                mode_of(path).hash(&mut hasher);
            }
            Err(error) => error.to_string().hash(&mut hasher),
        }
        self.fingerprints.push((path.to_owned(), hasher.finish()));
        text
    }
}

/// Who may do what with a file; nobody where it is none.
pub(super) fn mode_of(path: &Path) -> u32 {
    path.metadata().map_or(0, |about| about.mode())
}

/// Reads every certificate that a document names.
pub(super) fn load_certificates(document: &Document, lent: Option<PathBuf>) -> Read {
    let read = Read { lent, ..Read::default() };
    let Some(top) = document.root().as_mapping() else { return read };
    let beside = document.source().path().parent().unwrap_or(Path::new(""));
    let mut reader = Reader { read, now: SystemTime::now() };
    let nodes = top.get("nodes").and_then(|nodes| nodes.as_mapping());
    let nodes = nodes.into_iter().flat_map(|nodes| &nodes.entries);
    let folder = top.get("security").and_then(|security| security.as_mapping()?.get("curve"));
    let folder = folder.and_then(|node| Some((node.as_scalar()?.text.clone(), node.span)));
    if let Some((name, place)) = folder.filter(|(name, _)| !name.is_empty()) {
        let folder = beside.join(&*name);
        for node in nodes {
            reader.own(&folder, &node.key.text, place);
        }
        reader.allowed(&folder.join(ALLOWED), place);
    }
    for (name, place) in sockets_of(document).filter_map(server_of) {
        reader.server(beside, &name, place);
    }
    reader.read
}

/// Whatever may hold the keys of a socket.
pub(super) fn sockets_of(document: &Document) -> impl Iterator<Item = &Mapping> {
    let nodes = document.root().as_mapping().and_then(|top| top.get("nodes")?.as_mapping());
    let nodes = nodes.into_iter().flat_map(|nodes| &nodes.entries);
    nodes.filter_map(|node| node.value.as_mapping()).flat_map(|node| {
        let sockets = node.get("sockets").and_then(|sockets| sockets.as_mapping());
        let sockets = sockets.into_iter().flat_map(|sockets| &sockets.entries);
        [node].into_iter().chain(sockets.filter_map(|socket| socket.value.as_mapping()))
    })
}

/// The server's certificate that a socket names.
fn server_of(socket: &Mapping) -> Option<(Arc<str>, Span)> {
    let server = socket.get("curve")?.as_mapping()?.get("server")?;
    Some((Arc::clone(&server.as_scalar()?.text), server.span))
}

struct Reader {
    read: Read,
    now: SystemTime,
}

impl Reader {
    /// The certificate of a node; that it is not there is a fault only where it is needed.
    fn own(&mut self, folder: &Path, node: &str, place: Span) {
        if node.contains(['/', '\0']) {
            return;
        }
        let path = self.read.secret_path(&folder.join(format!("{node}.key_secret")));
        let text = match self.text(&path) {
            Ok(text) => Secret::from(text),
            Err(ReadError::Missing) => return self.public_half(folder, node, place),
            Err(error) => {
                self.read.certificates.nodes.insert(node.to_owned(), None);
                return self.unreadable(&path, place, &error);
            }
        };
        let pair = self.pair(&path, &text, place);
        self.read.certificates.nodes.insert(node.to_owned(), pair.map(NodeKey::Pair));
    }

    /// The public half of a node's certificate, whose secret is at the place where it runs.
    fn public_half(&mut self, folder: &Path, node: &str, place: Span) {
        let path = folder.join(format!("{node}.key"));
        if !path.exists() {
            return;
        }
        let certificate = self.public(&path, place);
        let key = certificate.and_then(|certificate| {
            if !self.holds(&certificate, &path) {
                self.expired(&path, place);
                return None;
            }
            Some(NodeKey::Public(*certificate.key()))
        });
        self.read.certificates.nodes.insert(node.to_owned(), key);
    }

    fn pair(&mut self, path: &Path, text: &Secret, place: Span) -> Option<KeyPair> {
        let mode = mode_of(path);
        if self.read.is_open_to_others(path) {
            let fault = Diagnostic::new(Code::SecretReadable, "a secret key that others can read")
                .at(place, format!("{} has the mode {:03o}", path.display(), mode & 0o777))
                .because("whoever has read it can be this node, and read what it is told")
                .help(format!(
                    "run `chmod 600 {}`; make a new pair if others use this machine",
                    path.display()
                ));
            self.read.certificates.faults.push(fault);
            return None;
        }
        let read = Certificate::<KeyPair>::read(text.expose_text().unwrap_or_default());
        let certificate = self.sound(read, path, place)?;
        if !self.holds(&certificate, path) {
            self.expired(path, place);
            return None;
        }
        Some(certificate.key().clone())
    }

    /// The certificate of a server elsewhere.
    fn server(&mut self, beside: &Path, name: &str, place: Span) {
        if self.read.certificates.servers.contains_key(name) {
            return;
        }
        let path = beside.join(name);
        let certificate = self.public(&path, place);
        let key = certificate.and_then(|certificate| {
            if !self.holds(&certificate, &path) {
                self.expired(&path, place);
                return None;
            }
            Some(*certificate.key())
        });
        self.read.certificates.servers.insert(name.to_owned(), key);
    }

    /// Everybody whose certificate lies in a folder.
    fn allowed(&mut self, folder: &Path, place: Span) {
        self.read.files.push(folder.join(""));
        let listed = folder.to_owned();
        let listed = within(ANSWER, move || {
            let entries = std::fs::read_dir(listed).into_iter().flatten().flatten();
            let mut paths: Vec<PathBuf> = entries.map(|entry| entry.path()).take(MOST).collect();
            paths.retain(|path| path.extension().is_some_and(|extension| extension == "key"));
            paths.sort();
            paths
        });
        for path in listed.unwrap_or_default() {
            let Some(name) = path.file_stem().map(|name| name.to_string_lossy().into_owned())
            else {
                continue;
            };
            // Editors and copying tools write beside before they rename.
            if name.starts_with('.') {
                continue;
            }
            let Some(certificate) = self.public(&path, place) else { continue };
            if !self.holds(&certificate, &path) {
                self.comes_no_longer(&path, place);
                continue;
            }
            let allowed = &mut self.read.certificates.allowed;
            allowed.entry(*certificate.key()).or_insert_with(|| name.into());
        }
    }

    fn public(&mut self, path: &Path, place: Span) -> Option<Certificate<PublicKey>> {
        let text = match self.text(path) {
            Ok(text) => text,
            Err(error) => {
                self.unreadable(path, place, &error);
                return None;
            }
        };
        self.sound(Certificate::<PublicKey>::read(&text), path, place)
    }

    /// Whether it holds now, which is part of what is known of its file; until when is noted.
    fn holds<K>(&mut self, certificate: &Certificate<K>, path: &Path) -> bool {
        let holds = !certificate.has_expired(self.now);
        self.read.fingerprints.push((path.to_owned(), u64::from(holds)));
        if let Some(end) = certificate.expires().filter(|_| holds) {
            let first = self.read.holds_until.map_or(end, |first| first.min(end));
            self.read.holds_until = Some(first);
        }
        holds
    }

    fn text(&mut self, path: &Path) -> Result<String, ReadError> {
        self.read.text(path, Certificate::<PublicKey>::MAX_BYTES)
    }

    fn sound<K>(
        &mut self,
        read: Result<Certificate<K>, Vec<Flaw<CertificateFault>>>,
        path: &Path,
        place: Span,
    ) -> Option<Certificate<K>> {
        let flaws = match read {
            Ok(certificate) => return Some(certificate),
            Err(flaws) => flaws,
        };
        for flaw in flaws {
            let fault = Diagnostic::new(Code::BadCertificate, "a certificate that is not sound")
                .at(place, format!("{}:{}", path.display(), flaw.position))
                .because(flaw.fault.to_string())
                .help("make a new one with `zrig keys`, or copy it again from who made it");
            self.read.certificates.faults.push(fault);
        }
        None
    }

    fn expired(&mut self, path: &Path, place: Span) {
        let fault = Diagnostic::new(Code::BadCertificate, "a certificate that has expired")
            .at(place, path.display().to_string())
            .because("its metadata says until when it holds, and that is over")
            .help("make a new one with `zrig keys`, or remove it");
        self.read.certificates.faults.push(fault);
    }

    /// Nobody else has to stop because of it.
    fn comes_no_longer(&mut self, path: &Path, place: Span) {
        let fault = Diagnostic::new(Code::GuestExpired, "somebody whose certificate has expired")
            .at(place, path.display().to_string())
            .because("its metadata says until when it holds, and that is over: who has its key is refused")
            .help("put a new one of the same name in its place, or remove it");
        self.read.certificates.faults.push(fault);
    }

    fn unreadable(&mut self, path: &Path, place: Span, error: &ReadError) {
        let fault =
            Diagnostic::new(Code::BadCertificate, format!("cannot read {}", path.display()))
                .at(place, error.to_string())
                .because("the path of a certificate is relative to the topology's folder")
                .help(error.help());
        self.read.certificates.faults.push(fault);
    }
}
