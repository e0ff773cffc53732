//! Passwords that are being checked, aside from all other questions.
//!
//! Owns how many are checked at once and how many may wait. Never decides who may come.

use std::sync::Arc;

use tokio::task::JoinSet;

use super::queue::Queue;
use super::request::{Answer, Request, Status};
use crate::message::Multipart;
use crate::node::door::Door;
use crate::node::monitor::Knocking;
use crate::security::{Secret, Users, peer_address};
use crate::topology::{Credentials, Knock, Proof};

/// How many may wait: as many as are checked in some ten seconds, while a handshake has thirty.
const WAITING: usize = 512;

/// A question that is not answered yet.
pub(super) struct Question {
    /// Its frames, but for what the peer shows.
    frames: Multipart,
    pub(super) knock: Knock,
    password: Secret,
    /// Whose connection it is about.
    about: Option<(Door, Knocking)>,
}

impl Question {
    /// A question whose peer shows something; which connection that is about, the other call finds.
    pub(super) fn of(
        mut frames: Multipart,
        about: impl FnOnce(&Request<'_>) -> Option<(Door, Knocking)>,
    ) -> Result<Self, Option<Multipart>> {
        let request = Request::read(&frames).ok_or(None)?;
        let Some(credentials) = request.credentials() else {
            let answer = Answer::of(Status::Failed, "the question has no credentials");
            return Err(Some(answer.frames(&request)));
        };
        let knock = Knock { credentials, address: peer_address(request.address) };
        let (password, about) = (request.password().unwrap_or_default(), about(&request));
        frames.truncate(Request::FRAMES);
        Ok(Self { frames, knock, password, about })
    }

    /// Under which domain its socket asks.
    pub(super) fn domain(&self) -> &str {
        Request::domain_in(&self.frames)
    }

    /// Its peer may come, under this name.
    pub(super) fn admit(self, user: Option<Arc<str>>) -> Multipart {
        let answer = self.answer(&Answer::admitting(user.as_deref()));
        if let Some((door, at)) = self.about {
            door.admit(at, self.knock, user);
        }
        answer
    }

    /// Its peer may not come, which it is told without the reason.
    pub(super) fn refuse(self, why: String) -> Multipart {
        let answer = self.answer(&Answer::of(Status::Refused, "not admitted"));
        if let Some((door, at)) = self.about {
            door.refuse(at, why);
        }
        answer
    }

    /// Its peer may try again.
    pub(super) fn put_off(self) -> Multipart {
        let answer = self.answer(&Answer::of(Status::PutOff, "too many at once"));
        if let Some((door, at)) = self.about {
            door.refuse(at, format!("{WAITING} passwords wait to be checked; it may try again"));
        }
        answer
    }

    /// Whether there is nobody any more to be answered.
    fn is_over(&self) -> bool {
        self.about.as_ref().is_some_and(|(door, at)| !door.is_knocking(*at))
    }

    fn answer(&self, answer: &Answer) -> Multipart {
        Request::read(&self.frames).map(|request| answer.frames(&request)).unwrap_or_default()
    }
}

/// Those that are checked, and those that wait for that.
pub(super) struct Passwords {
    waiting: Queue<Question>,
    checked: JoinSet<Question>,
    at_once: usize,
}

impl Passwords {
    pub(super) fn new() -> Self {
        // Some cores are left to the nodes.
        let cores = std::thread::available_parallelism().map_or(1, usize::from);
        Self {
            waiting: Queue::of(WAITING),
            checked: JoinSet::new(),
            at_once: (cores / 2).clamp(1, Users::AT_ONCE),
        }
    }

    /// Lets a question wait until its password is checked; one that there is no room for comes back.
    pub(super) fn wait(&mut self, question: Question) -> Option<Question> {
        self.waiting.push(question.knock.address, question)
    }

    /// The next question whose password may be checked now.
    pub(super) fn next(&mut self) -> Option<Question> {
        while self.checked.len() < self.at_once {
            let question = self.waiting.pop()?;
            if !question.is_over() {
                return Some(question);
            }
        }
        None
    }

    /// Checks the password of a question by these users.
    pub(super) fn check(&mut self, mut question: Question, by: Users) {
        self.checked.spawn_blocking(move || {
            if let Credentials::Plain(login) = &mut question.knock.credentials {
                let is_right = by.verify(&login.name, &question.password);
                login.proof = Some(Proof { by, is_right });
            }
            question
        });
    }

    /// Waits for a question whose password has been checked; for ever where there is none.
    pub(super) async fn checked(&mut self) -> Question {
        loop {
            match self.checked.join_next().await {
                Some(Ok(question)) => return question,
                // The handshake of one that was lost comes to its end by itself.
                Some(Err(_)) => {}
                None => std::future::pending().await,
            }
        }
    }

    /// The same, if there is one already.
    pub(super) fn try_checked(&mut self) -> Option<Question> {
        self.checked.try_join_next()?.ok()
    }
}
