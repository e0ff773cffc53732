//! What `plain` comes to at a socket: its users, or who it says that it is.
//!
//! Owns where it cannot be. Never reads a file of users.

use super::{Securing, Settled, goes_out};
use crate::diagnostic::{Code, Diagnostic};
use crate::source::Span;
use crate::topology::admission::{Admission, Wanted};
use crate::topology::check::plain::PlainWay;
use crate::topology::links::LinkEnd;
use crate::topology::mechanism::Mechanism;
use crate::topology::plain::PlainSpec;
use crate::zeromq::Role;

impl Securing<'_, '_, '_> {
    /// The sockets with `plain`, but for those where it is a fault.
    pub(super) fn plain(&mut self) -> Vec<Settled> {
        let nodes = self.spec.nodes.iter().enumerate();
        let ends = nodes.flat_map(|(node, spec)| {
            (0..spec.sockets.len()).map(move |socket| LinkEnd { node, socket })
        });
        ends.collect::<Vec<_>>().into_iter().filter_map(|end| self.settle_plain(end)).collect()
    }

    fn settle_plain(&mut self, end: LinkEnd) -> Option<Settled> {
        let written = self.written(end);
        let span = written.plain.span?;
        if self.report_no_plain(end, span) {
            return None;
        }
        let (plain, admission) = match written.plain.way.as_ref()? {
            PlainWay::Users(path) => {
                let users = self.certificates.users.get(path)?.clone()?;
                let gate = written.gate.gate.clone();
                let admission = Admission { wanted: Wanted::Password(users), gate };
                (PlainSpec::Server, Some(admission))
            }
            PlainWay::Login { user, password } => {
                self.report_no_gate(end, "a PLAIN client asks nobody who its server is");
                let (user, password) = (user.clone(), password.clone());
                (PlainSpec::Client { user, password }, None)
            }
        };
        Some(Settled { end, curve: None, plain: Some(plain), admission })
    }

    /// Whether a socket cannot have it, which is told.
    fn report_no_plain(&mut self, end: LinkEnd, span: Span) -> bool {
        let (socket, written) = (self.socket(end), self.written(end));
        let here = |what: &str, why: &'static str| {
            Diagnostic::new(Code::NotHere, format!("`plain` on {what}"))
                .at(span, "means nothing here")
                .because(why)
                .help("remove it")
        };
        let conflict = |what: &str, label: String, why: &'static str| {
            Diagnostic::new(Code::Conflict, format!("`plain` and {what} on one socket"))
                .at(span, "a name and a password")
                .at(written.span, label)
                .because(why)
                .help("remove one of them")
        };
        let option = socket.mechanism_of_options();
        let reach = written.reach;
        let is_reached = reach.binds_outside || reach.connects_outside;
        let fault = if !socket.attachments.iter().any(goes_out) && !is_reached {
            let why = "an inproc link never leaves this process and has no handshake";
            here("a socket that is inproc alone", why)
        } else if socket.role == Role::Stream {
            here("a stream", "a stream speaks raw TCP, which has no PLAIN")
        } else if let Some(curve) = written.curve.span.filter(|_| !written.curve.is_off) {
            Diagnostic::new(Code::Conflict, "`plain` and `curve` on one socket")
                .at(span, "a name and a password")
                .at(curve, "a certificate")
                .because("a socket has one way to authenticate")
                .help("remove one of them")
        } else if option != Mechanism::Null {
            let name = option.option().unwrap_or_default();
            let label = format!("its options have `{name}`");
            conflict(&format!("`{name}`"), label, "a socket has one way to authenticate")
        } else if socket.zap_domain().is_some() {
            let label = "its options have `zap_domain`".to_owned();
            conflict("`zap_domain`", label, "with `plain` the run itself is the ZAP handler")
        } else {
            return false;
        };
        self.report.add(fault);
        true
    }
}
