//! The run's own ZAP handler (RFC 27): libzmq asks it about every peer that knocks.
//!
//! Owns its thread and its socket, and by which policy it decides. What a question and an answer look
//! like is `request`'s, who may come `topology`'s.

mod passwords;
mod queue;
mod request;

use std::io;
use std::os::fd::RawFd;
use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;
use std::time::Duration;

use tokio::sync::oneshot;

use self::passwords::{Passwords, Question};
use self::request::Request;
use super::context::Context;
use super::door::Doors;
use super::raw::{Errno, RawSocket};
use crate::clock;
use crate::lock::locked;
use crate::message::{Frame, Multipart};
use crate::topology::{Credentials, Knock, NotAdmitted, Policy};
use crate::zeromq::Role;

/// Where libzmq asks.
const ENDPOINT: &str = "inproc://zeromq.zap.01";
/// How long the handler before it may take to let go of the endpoint.
const PATIENCE: Duration = Duration::from_secs(2);
/// How long it waits between two tries.
const PAUSE: Duration = Duration::from_millis(2);

/// The run's ZAP handler, which ends when this is dropped.
#[derive(Debug)]
pub struct ZapService {
    shared: Arc<Shared>,
    ends: Option<oneshot::Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

/// What the handler's thread and the run share.
#[derive(Debug)]
struct Shared {
    /// Whoever decides holds it, so that nobody is let in by a policy that has gone.
    policy: Mutex<Policy>,
    doors: Doors,
}

impl ZapService {
    /// Begins to decide by a policy, as soon as nobody else is asked.
    ///
    /// # Errors
    ///
    /// When there is no thread for it, or something else keeps the endpoint.
    pub async fn start(context: &Context, policy: Policy) -> io::Result<Self> {
        let shared =
            Arc::new(Shared { policy: Mutex::new(policy), doors: context.doors().clone() });
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        let (ends, end) = oneshot::channel();
        let (bound, is_bound) = oneshot::channel();
        let (context, deciding) = (context.clone(), Arc::clone(&shared));
        let thread = std::thread::Builder::new().name("zap".to_owned()).spawn(move || {
            runtime.block_on(async {
                let socket = match open(&context).await {
                    Ok(socket) => socket,
                    Err(errno) => {
                        let _ = bound.send(Err(errno));
                        return;
                    }
                };
                // Whoever started it may have gone.
                let _ = bound.send(Ok(()));
                tokio::select! {
                    _ = end => {}
                    _ = deciding.answer_all(&socket) => {}
                }
            });
            // Nobody waits for a password that is being checked.
            runtime.shutdown_background();
        })?;
        let service = Self { shared, ends: Some(ends), thread: Some(thread) };
        match is_bound.await.unwrap_or(Err(Errno(libc::ECANCELED))) {
            Ok(()) => Ok(service),
            Err(errno) => Err(io::Error::other(format!("{ENDPOINT} cannot be bound: {errno}"))),
        }
    }

    /// Decides by another policy from now on. Whoever was let in and may not come by it goes at once;
    /// all others stay.
    pub fn decide_by(&self, policy: Policy) {
        let mut decides = locked(&self.shared.policy);
        *decides = policy;
        self.shared.doors.review(|domain, knock| judge(&decides, domain, knock));
    }
}

impl Drop for ZapService {
    fn drop(&mut self) {
        self.ends.take();
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

async fn open(context: &Context) -> Result<RawSocket, Errno> {
    let socket = context.open_raw(Role::Router)?;
    let linger = 0_i32.to_ne_bytes();
    socket.set_bytes(zmq_sys::ZMQ_LINGER.cast_signed(), &linger)?;
    let deadline = clock::now() + PATIENCE;
    loop {
        match socket.bind(ENDPOINT) {
            Err(Errno::ADDRESS_IN_USE) if clock::now() < deadline => clock::sleep(PAUSE).await,
            result => return result.map(|()| socket),
        }
    }
}

impl Shared {
    /// Answers what is asked, until the socket fails.
    async fn answer_all(&self, socket: &RawSocket) -> Result<(), Errno> {
        let asked = socket.watch()?;
        let mut passwords = Passwords::new();
        loop {
            // One call consumes the descriptor's edge, so nothing may be left when it is waited for.
            if socket.events()?.readable() {
                let question = receive(socket)?;
                send(socket, self.hear(question, &mut passwords));
            } else {
                tokio::select! {
                    ready = asked.readable() => match ready {
                        Ok(mut ready) => ready.clear_ready(),
                        Err(_) => return Ok(()),
                    },
                    question = passwords.checked() => {
                        send(socket, self.settle(question, &mut passwords));
                    }
                }
            }
            while let Some(question) = passwords.try_checked() {
                send(socket, self.settle(question, &mut passwords));
            }
            while let Some(question) = passwords.next() {
                // Meanwhile it may have become another one's, or nobody's.
                match self.judge(&question) {
                    Err(NotAdmitted::Unchecked(users)) => passwords.check(question, users),
                    _ => send(socket, self.settle(question, &mut passwords)),
                }
            }
        }
    }

    /// The answer to a question, or to another one that gives way to it; none to what is no question, and
    /// to what has to wait.
    fn hear(&self, frames: Multipart, passwords: &mut Passwords) -> Option<Multipart> {
        let about = |request: &Request<'_>| {
            let door = self.doors.at(request.domain)?;
            let at = door.knocking(connection(request)?)?;
            Some((door, at))
        };
        match Question::of(frames, about) {
            Ok(question) => self.settle(question, passwords),
            Err(answer) => answer,
        }
    }

    fn settle(&self, question: Question, passwords: &mut Passwords) -> Option<Multipart> {
        let decides = locked(&self.policy);
        match judge(&decides, question.domain(), &question.knock) {
            Ok(user) => Some(question.admit(user)),
            Err(NotAdmitted::Unchecked(_)) => passwords.wait(question).map(Question::put_off),
            Err(why) => Some(question.refuse(why.to_string())),
        }
    }

    fn judge(&self, question: &Question) -> Result<Option<Arc<str>>, NotAdmitted> {
        judge(&locked(&self.policy), question.domain(), &question.knock)
    }
}

/// What the run's handler says to the frames of a question, by a policy and where no connection is known; a
/// password is checked later, and so has no answer. It is there for who tries any question.
#[must_use]
pub fn answer_of_zap(policy: &Policy, question: &[&[u8]]) -> Option<Vec<Vec<u8>>> {
    let shared = Shared { policy: Mutex::new(policy.clone()), doors: Doors::default() };
    let frames = question.iter().map(|frame| Frame::from(*frame)).collect();
    let answer = shared.hear(frames, &mut Passwords::new())?;
    Some(answer.iter().map(|frame| frame.to_vec()).collect())
}

/// Which connection is asked about: see `zmq-sys/patches/0047-which-connection-asks.patch`.
fn connection(request: &Request<'_>) -> Option<RawFd> {
    std::str::from_utf8(request.id).ok()?.parse().ok()
}

/// Whether a peer may come. A CURVE server that names no domain, and so nobody who may come, lets in
/// all who know its key.
fn judge(policy: &Policy, domain: &str, knock: &Knock) -> Result<Option<Arc<str>>, NotAdmitted> {
    match (policy.at(domain), &knock.credentials) {
        (Some(admission), _) => admission.judge(knock),
        (None, Credentials::Curve(_)) if domain.is_empty() => Ok(None),
        (None, _) => Err(NotAdmitted::NothingSaid),
    }
}

/// A whole question.
fn receive(socket: &RawSocket) -> Result<Multipart, Errno> {
    let mut frames = Multipart::new();
    loop {
        let mut frame = Frame::empty();
        let (_, more) = socket.receive(&mut frame)?;
        frames.push(frame);
        if !more {
            return Ok(frames);
        }
    }
}

/// Who has gone meanwhile gets no answer.
fn send(socket: &RawSocket, answer: Option<Multipart>) {
    let Some(mut frames) = answer else { return };
    let last = frames.len().saturating_sub(1);
    for (at, frame) in frames.iter_mut().enumerate() {
        if socket.send(frame, at < last).is_err() {
            return;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_domain_that_is_no_text_lets_in_nobody_and_is_not_taken_for_none() {
        let policy = Policy::default();
        for (domain, status) in
            [(&b""[..], "200"), (b"\xff", "400"), (b"desk.\xff", "400"), (b"desk.in", "400")]
        {
            let key = [7; 32];
            let question: [&[u8]; 9] =
                [b"id", b"", b"1.0", b"17", domain, b"127.0.0.1", b"", b"CURVE", &key];
            let answer = answer_of_zap(&policy, &question).unwrap();
            assert_eq!(answer[4], status.as_bytes(), "{domain:?}");
        }
    }
}
