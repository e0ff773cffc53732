//! The client's end: finding a run, asking it, reading what it says.
//!
//! Owns how a run is named: by its topology, its file, its process or its socket. Never prints.

use std::io::{self, BufRead, BufReader, Write};
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::time::Duration;

use super::folder;
use super::protocol::{Failed, Hello, Reply, Request, VERSION};

/// How long a run may take to say who it is.
const PATIENCE: Duration = Duration::from_secs(2);

/// A connection with a run.
#[derive(Debug)]
pub struct Client {
    /// Who it is.
    pub hello: Hello,
    stream: UnixStream,
    lines: BufReader<UnixStream>,
}

impl Client {
    /// Connects, and asks who is there.
    fn connect(path: &Path) -> io::Result<Self> {
        let stream = UnixStream::connect(path)?;
        stream.set_read_timeout(Some(PATIENCE))?;
        stream.set_write_timeout(Some(PATIENCE))?;
        let lines = BufReader::new(stream.try_clone()?);
        let nobody = Hello {
            zrig: VERSION,
            name: String::new(),
            place: None,
            file: String::new(),
            pid: 0,
            generation: 0,
            watched: true,
            recording: None,
            nodes: Vec::new(),
        };
        let mut client = Self { hello: nobody, stream, lines };
        // A run that refuses does not wait for the question, but it says why.
        let asked = client.ask(&Request::Hello);
        let failed = match (client.next(Some(PATIENCE)), asked) {
            (Ok(Some(Reply::Hello(hello))), _) => {
                client.hello = hello;
                return Ok(client);
            }
            (Ok(Some(Reply::Failed(refused))), _) => refused.error,
            (_, Err(failed)) | (Err(failed), Ok(())) => failed.error,
            (Ok(_), Ok(())) => "it does not say who it is".to_owned(),
        };
        Err(io::Error::other(failed))
    }

    /// Asks for something.
    ///
    /// # Errors
    ///
    /// When the run has gone.
    pub fn ask(&mut self, request: &Request) -> Result<(), Failed> {
        let line = request.line().map_err(Failed::now)?;
        self.stream.write_all(&line).map_err(|error| Failed::now(self.gone(&error)))
    }

    /// The connection itself, for who goes on in another way. Nothing may have been asked yet.
    #[must_use]
    pub fn into_stream(self) -> UnixStream {
        self.stream
    }

    /// Another end of the connection, to say from another thread that nothing more is asked.
    ///
    /// # Errors
    ///
    /// When the system gives no descriptor.
    pub fn speaker(&self) -> io::Result<UnixStream> {
        self.stream.try_clone()
    }

    /// Says that nothing more is asked; what the run says to that can be read yet.
    pub fn say_no_more(&self) {
        // It may have gone meanwhile.
        let _ = self.stream.shutdown(std::net::Shutdown::Write);
    }

    /// The next thing that the run says; none when it has ended.
    ///
    /// # Errors
    ///
    /// When nothing comes in that time, or something that is no answer.
    pub fn next(&mut self, patience: Option<Duration>) -> Result<Option<Reply>, Failed> {
        let mut line = String::new();
        Ok(match self.next_line(patience, &mut line)? {
            true => Some(serde_json::from_str(&line).map_err(|error| {
                Failed::now(format!("{} said something strange: {error}", self.name()))
            })?),
            false => None,
        })
    }

    /// The same as a line.
    ///
    /// # Errors
    ///
    /// When nothing comes in that time.
    pub fn next_line(
        &mut self,
        patience: Option<Duration>,
        line: &mut String,
    ) -> Result<bool, Failed> {
        self.stream.set_read_timeout(patience).map_err(Failed::now)?;
        line.clear();
        match self.lines.read_line(line) {
            Ok(read) => Ok(read > 0),
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => {
                Err(Failed::now(format!("{} does not answer", self.name())))
            }
            Err(error) => Err(Failed::now(self.gone(&error))),
        }
    }

    fn gone(&self, error: &io::Error) -> String {
        format!("the connection with {} broke: {error}", self.name())
    }

    fn name(&self) -> String {
        if self.hello.pid == 0 { "the run".to_owned() } else { describe(&self.hello) }
    }
}

/// The run of that name: a topology's name, with `@` and a place where it is the run of one, its file, a process or a control socket.
///
/// # Errors
///
/// When there is none, or several; the text lists what runs.
pub fn find(run: &str) -> Result<Client, Failed> {
    let path = Path::new(run);
    if is_socket(path)? {
        return Client::connect(path).map_err(|error| {
            let barred = error.kind() == io::ErrorKind::PermissionDenied;
            if barred {
                may_not_enter(path, &error)
            } else {
                Failed::now(format!("{run}: {error}"))
            }
        });
    }
    let file: Option<PathBuf> = path.canonicalize().ok();
    let Running { clients, silent, barred } = running();
    let fits = |hello: &Hello| {
        hello.name == run
            || hello.place.as_ref().is_some_and(|place| format!("{}@{place}", hello.name) == run)
            || hello.pid.to_string() == run
            || file.as_ref().is_some_and(|file| *file == Path::new(&hello.file))
    };
    let listed = |of: &[Client]| {
        let lines = of.iter().map(|one| format!("\n  {}", describe(&one.hello)));
        lines.collect::<String>()
    };
    let (mut found, others): (Vec<Client>, Vec<Client>) =
        clients.into_iter().partition(|one| fits(&one.hello));
    let silent: String = silent.iter().map(|pid| format!("\n  process {pid}, silent")).collect();
    let barred: String = barred.iter().map(|why| format!("\n  {why}")).collect();
    let barred = match barred.as_str() {
        "" => barred,
        _ => format!("\nnot looked at, where a run may be:{barred}"),
    };
    match found.len() {
        1 => Ok(found.remove(0)),
        0 if others.is_empty() && silent.is_empty() && barred.is_empty() => Err(Failed::invalid(
            format!("no run of {run}: nothing runs; `zrig run FILE` starts a topology"),
        )),
        0 if others.is_empty() && silent.is_empty() => {
            Err(Failed::invalid(format!("no run of {run} can be seen{barred}")))
        }
        0 => Err(Failed::invalid(format!(
            "no run of {run}; these run:{}{silent}{barred}",
            listed(&others)
        ))),
        _ => Err(Failed::invalid(format!(
            "several runs of {run}; name one by its process:{}",
            listed(&found)
        ))),
    }
}

/// What runs.
#[derive(Debug)]
pub struct Running {
    /// A connection with each run that answers.
    pub clients: Vec<Client>,
    /// Processes that have a control socket and do not answer.
    pub silent: Vec<u32>,
    /// What may not be looked at, and why.
    pub barred: Vec<String>,
}

/// Every run of this user. Sockets that runs of the past left behind are removed.
#[must_use]
pub fn running() -> Running {
    let folder::Found { files, barred } = folder::sockets();
    let mut running = Running { clients: Vec::new(), silent: Vec::new(), barred };
    for (path, pid) in files {
        match Client::connect(&path) {
            Ok(client) => running.clients.push(client),
            Err(error) if error.kind() == io::ErrorKind::ConnectionRefused => {
                folder::remove_stale(&path, pid);
            }
            // It has just ended.
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            Err(error) if error.kind() == io::ErrorKind::PermissionDenied => {
                running.barred.push(may_not_enter(&path, &error).error);
            }
            Err(_) => running.silent.push(pid),
        }
    }
    running
}

fn describe(hello: &Hello) -> String {
    let at = hello.place.as_ref().map(|place| format!("@{place}")).unwrap_or_default();
    format!("{}{at} (process {}, {})", hello.name, hello.pid, hello.file)
}

/// Whether it is the path of a socket; that of one which may not be looked at is said to be.
fn is_socket(path: &Path) -> Result<bool, Failed> {
    use std::os::unix::fs::FileTypeExt;
    match path.metadata() {
        Ok(found) => Ok(found.file_type().is_socket()),
        // A name without a slash may be that of a topology.
        Err(error)
            if error.kind() == io::ErrorKind::PermissionDenied
                && path.components().nth(1).is_some() =>
        {
            Err(may_not_enter(path, &error))
        }
        Err(_) => Ok(false),
    }
}

fn may_not_enter(path: &Path, error: &io::Error) -> Failed {
    let why = folder::barred(path).unwrap_or_else(|| error.to_string());
    Failed::now(format!("{}: {why}", path.display()))
}
