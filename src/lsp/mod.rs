//! `zrig lsp`: the language server's state, and its loop.
//!
//! Owns what wakes it: the client, a check that is done, the clock. One thread reads, one checks,
//! one writes, and this one answers. Never says what is wrong itself: `load/` does, and `language/`
//! has the answers.

mod answers;
mod checking;
mod documents;
mod places;
mod projects;
mod session;
mod told;
mod transport;

use std::collections::VecDeque;
use std::io::{self, BufReader, Read, Write};
use std::sync::mpsc::{self, Receiver, RecvTimeoutError, Sender};
use std::time::{Duration, Instant};

use lsp_server::{ErrorCode, Message, Notification, Request, Response};

use checking::Outcome;
use session::{Flow, Session};

/// How often it is looked whether the client is still there.
const LOOK: Duration = Duration::from_secs(3);
/// How long a question waits for the first check of what it is about.
const PATIENCE: Duration = Duration::from_secs(2);

/// What wakes the loop.
enum Event {
    Message(Message),
    Outcome(Outcome),
    /// Nothing more will come from the client.
    Gone(Option<io::Error>),
}

/// Serves one client until it says goodbye, or goes without. Whether it said so is told.
///
/// # Errors
///
/// When what comes from the client cannot be read, or nothing can be written to it.
pub fn serve(
    input: impl Read + Send + 'static,
    output: impl Write + Send + 'static,
) -> io::Result<bool> {
    let (events, woken) = mpsc::channel();
    let (out, writing) = mpsc::channel();
    let writer = start_writer(output, writing)?;
    start_reader(input, events.clone())?;
    let jobs = checking::start(move |outcome| {
        // Whoever waited for it may have gone.
        let _ = events.send(Event::Outcome(outcome));
    })?;
    let mut server = Server {
        session: Session::new(out, jobs),
        waiting: VecDeque::new(),
        backlog: VecDeque::new(),
    };
    let ended = server.run(&woken);
    drop(server);
    // What is still to be written is, if the client reads it.
    drop(writer.join());
    ended
}

fn start_reader(input: impl Read + Send + 'static, events: Sender<Event>) -> io::Result<()> {
    let thread = std::thread::Builder::new().name("zrig-lsp-in".to_owned());
    thread.spawn(move || {
        let mut input = BufReader::new(input);
        loop {
            let event = match transport::read(&mut input) {
                Ok(Some(message)) => Event::Message(message),
                Ok(None) => Event::Gone(None),
                Err(error) => Event::Gone(Some(error)),
            };
            let is_last = matches!(event, Event::Gone(_));
            if events.send(event).is_err() || is_last {
                return;
            }
        }
    })?;
    Ok(())
}

fn start_writer(
    mut output: impl Write + Send + 'static,
    writing: Receiver<Message>,
) -> io::Result<std::thread::JoinHandle<()>> {
    let thread = std::thread::Builder::new().name("zrig-lsp-out".to_owned());
    thread.spawn(move || {
        for message in writing {
            if transport::write(&mut output, message).is_err() {
                return;
            }
        }
    })
}

struct Server {
    session: Session,
    /// What came and was not looked at yet.
    backlog: VecDeque<Event>,
    /// Questions about files that were not checked yet.
    waiting: VecDeque<(Instant, Request)>,
}

impl Server {
    fn run(&mut self, woken: &Receiver<Event>) -> io::Result<bool> {
        loop {
            self.fill(woken);
            let Some(event) = self.backlog.pop_front() else {
                if self.session.client_is_gone() {
                    return Ok(false);
                }
                self.ask_again();
                continue;
            };
            match event {
                Event::Gone(None) => return Ok(self.session.is_shut_down()),
                Event::Gone(Some(error)) => return Err(error),
                Event::Outcome(outcome) => {
                    self.session.checked(outcome);
                    self.ask_again();
                }
                Event::Message(Message::Request(request)) => self.request(request, true),
                Event::Message(Message::Notification(notification)) => {
                    if self.session.notified(notification) == Flow::End {
                        return Ok(self.session.is_shut_down());
                    }
                }
                Event::Message(Message::Response(_)) => {}
            }
        }
    }

    /// Takes everything that has come, so that what is cancelled is not begun.
    fn fill(&mut self, woken: &Receiver<Event>) {
        if self.backlog.is_empty() {
            let patience = if self.waiting.is_empty() { LOOK } else { PATIENCE / 10 };
            match woken.recv_timeout(patience) {
                Ok(event) => self.backlog.push_back(event),
                Err(RecvTimeoutError::Timeout) => return,
                Err(RecvTimeoutError::Disconnected) => self.backlog.push_back(Event::Gone(None)),
            }
        }
        while let Ok(event) = woken.try_recv() {
            match &event {
                Event::Message(Message::Notification(it)) if it.method == "$/cancelRequest" => {
                    self.cancel(it);
                }
                Event::Message(_) | Event::Outcome(_) | Event::Gone(_) => {
                    self.backlog.push_back(event)
                }
            }
        }
    }

    fn cancel(&mut self, notification: &Notification) {
        let id = &notification.params["id"];
        let is_it = |request: &Request| serde_json::to_value(&request.id).is_ok_and(|it| it == *id);
        let in_backlog = self.backlog.iter().position(
            |event| matches!(event, Event::Message(Message::Request(request)) if is_it(request)),
        );
        let cancelled = match in_backlog.and_then(|at| self.backlog.remove(at)) {
            Some(Event::Message(Message::Request(request))) => Some(request),
            _ => {
                let at = self.waiting.iter().position(|(_, request)| is_it(request));
                at.and_then(|at| self.waiting.remove(at)).map(|(_, request)| request)
            }
        };
        if let Some(request) = cancelled {
            let why = "cancelled by the client".to_owned();
            let response = Response::new_err(request.id, ErrorCode::RequestCanceled as i32, why);
            self.session.send(Message::Response(response));
        }
    }

    fn request(&mut self, request: Request, may_wait: bool) {
        if may_wait && self.session.is_early(&request) {
            self.waiting.push_back((Instant::now(), request));
            return;
        }
        let response = answers::respond(&mut self.session, request);
        self.session.send(Message::Response(response));
    }

    /// Questions that waited long enough, or whose files were checked.
    fn ask_again(&mut self) {
        for _ in 0..self.waiting.len() {
            let Some((since, request)) = self.waiting.pop_front() else { return };
            if self.session.is_early(&request) && since.elapsed() < PATIENCE {
                self.waiting.push_back((since, request));
            } else {
                self.request(request, false);
            }
        }
    }
}
