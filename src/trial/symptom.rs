//! What can go wrong with a topology, as data.
//!
//! Owns the list, the word and the lesson of each. How one is found is other files'.

/// Something that goes wrong with a topology; the gravest first.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum Symptom {
    /// A handler failed.
    Failed {
        /// Whose.
        node: String,
        /// With what.
        error: String,
    },
    /// Something does not hold that has to hold always.
    Broken {
        /// The expression.
        always: String,
    },
    /// Nodes wait for one another for ever.
    Deadlocked {
        /// The instances, each waiting for the next and the last for the first.
        nodes: Vec<String>,
        /// Whether one of them is a REQ that has asked; otherwise their queues are full.
        asks: bool,
        /// How many messages had come to the first.
        came: u64,
    },
    /// A REQ has asked, and was not answered when all was over.
    Waits {
        /// The node's instance and the socket.
        socket: String,
        /// How many answers it had before.
        answers: u64,
    },
    /// A socket would not have a peer, and never hears it.
    TurnedAway {
        /// The instance whose socket that is.
        by: String,
        /// The instance that it does not hear.
        whom: String,
        /// Whether it is a PAIR, which has one peer.
        is_pair: bool,
        /// How many messages had come to it.
        came: u64,
    },
    /// Messages wait, and nobody takes them.
    Untaken {
        /// The instance that sent them.
        from: String,
        /// The instance that takes none.
        to: String,
        /// How many wait.
        waiting: u64,
        /// How many messages had come there.
        came: u64,
    },
    /// Messages wait at an endpoint where nobody is.
    Nowhere {
        /// The instance that sent them.
        from: String,
        /// The endpoint.
        endpoint: String,
        /// How many wait.
        waiting: u64,
        /// To how many places it sends.
        ways: u64,
    },
    /// A node gets or sends nothing any more since something was done that is long over.
    Silent {
        /// The node's instance.
        node: String,
        /// Whether it gets nothing any more; otherwise it sends nothing.
        receives: bool,
        /// How many messages it had got, or sent, before.
        before: u64,
    },
    /// A subscriber got nothing at all.
    Unheard {
        /// Its instance.
        subscriber: String,
        /// Who published.
        publisher: String,
        /// How many messages it published that the subscriber wants.
        fitting: u64,
        /// What the subscriber wants, and what was published that is nearly the same, where nothing
        /// fits.
        nearly: Option<(String, String)>,
    },
    /// A subscriber got messages more often than they were published.
    Doubled {
        /// Its instance.
        subscriber: String,
        /// The nodes that published them.
        publishers: Vec<String>,
        /// How many came once too often.
        count: u64,
    },
    /// A subscriber missed messages that it wanted, since its queue was full.
    Missed {
        /// The instance of the publisher.
        publisher: String,
        /// The instance of the subscriber.
        subscriber: String,
        /// How many it missed.
        count: u64,
        /// How many came, of all publishers.
        came: u64,
    },
    /// Messages never arrived, since the run ended before.
    Lost {
        /// From where to where.
        flow: String,
        /// How many.
        count: u64,
        /// Of how many.
        sent: u64,
    },
    /// ZeroMQ dropped messages that a node sent to one peer, or got.
    Dropped {
        /// The node's instance.
        node: String,
        /// Why, a word of the figures.
        reason: &'static str,
        /// How many.
        count: u64,
    },
    /// Messages wait for one of several while others have nothing to do.
    Behind {
        /// The instance that sends.
        from: String,
        /// The instance that they wait for.
        slow: String,
        /// One that has nothing to do.
        idle: String,
        /// How many wait.
        waiting: u64,
        /// How many had come to the slow one.
        came: u64,
    },
    /// A queue grows and grows.
    Grows {
        /// The instance that sends.
        from: String,
        /// The instance that is too slow.
        to: String,
        /// How many messages waited at last.
        waiting: u64,
        /// How many had come there.
        came: u64,
    },
}

impl Symptom {
    /// The word of each, in the order of their gravity.
    pub const KINDS: [&'static str; 15] = [
        "failed",
        "broken",
        "deadlocked",
        "waits",
        "turned-away",
        "untaken",
        "nowhere",
        "silent",
        "unheard",
        "doubled",
        "missed",
        "lost",
        "dropped",
        "behind",
        "grows",
    ];

    /// Its word.
    #[must_use]
    pub fn kind(&self) -> &'static str {
        match self {
            Self::Failed { .. } => "failed",
            Self::Broken { .. } => "broken",
            Self::Deadlocked { .. } => "deadlocked",
            Self::Waits { .. } => "waits",
            Self::TurnedAway { .. } => "turned-away",
            Self::Untaken { .. } => "untaken",
            Self::Nowhere { .. } => "nowhere",
            Self::Silent { .. } => "silent",
            Self::Unheard { .. } => "unheard",
            Self::Doubled { .. } => "doubled",
            Self::Missed { .. } => "missed",
            Self::Lost { .. } => "lost",
            Self::Dropped { .. } => "dropped",
            Self::Grows { .. } => "grows",
            Self::Behind { .. } => "behind",
        }
    }

    /// The page of `zrig explain` that teaches it, and words of the sentence there that says it.
    fn taught(&self) -> (&'static str, &'static str) {
        match self {
            Self::Failed { .. } => ("on_error", "What happens when a handler fails"),
            Self::Broken { .. } => ("always", "What has to hold"),
            Self::Deadlocked { asks: true, .. } => ("lockstep", "ask one another before"),
            Self::Deadlocked { .. } => ("back-pressure", "in a circle everybody"),
            Self::Waits { .. } => ("req", "a plain req waits for ever"),
            Self::TurnedAway { is_pair: true, .. } => ("pair", "a second caller waits"),
            Self::TurnedAway { .. } => ("identity", "the second is ignored"),
            Self::Untaken { .. } => ("back-pressure", "When the last stage cannot keep up"),
            Self::Nowhere { .. } => ("connect", "connecting makes a queue at once"),
            Self::Silent { .. } => ("dropped message", "Across a break nothing is safe"),
            Self::Unheard { nearly: None, .. } => ("slow joiner", "starts to talk at once"),
            Self::Unheard { .. } => ("prefix matching", "No words, no wildcards"),
            Self::Doubled { .. } => ("subscription", "bring each message twice"),
            Self::Missed { .. } => ("when_full", "the message is lost for that peer"),
            Self::Lost { .. } => ("linger", "Sending only puts a message into a queue"),
            Self::Dropped { reason: "malformed", .. } => ("rep", "is malformed"),
            Self::Dropped { .. } => ("router", "for an id that it does not know"),
            Self::Grows { .. } => ("back-pressure", "A thousand waiting messages"),
            Self::Behind { .. } => ("round robin", "it shares out messages, not work"),
        }
    }

    /// The page of `zrig explain` that teaches it.
    #[must_use]
    pub fn page(&self) -> &'static str {
        self.taught().0
    }

    /// The instances that it is about.
    #[must_use]
    pub fn instances(&self) -> Vec<&str> {
        let of_socket =
            |socket: &'_ str| socket.rsplit_once('.').map_or(socket.len(), |it| it.0.len());
        match self {
            Self::Waits { socket, .. } => vec![&socket[..of_socket(socket)]],
            Self::Dropped { node, .. } => vec![node],
            Self::Nowhere { from, .. } => vec![from],
            Self::Unheard { subscriber, publisher, .. } => vec![subscriber, publisher],
            Self::Behind { from, slow, idle, .. } => vec![from, slow, idle],
            Self::Broken { .. } | Self::Lost { .. } => Vec::new(),
            Self::Failed { .. }
            | Self::Deadlocked { .. }
            | Self::TurnedAway { .. }
            | Self::Untaken { .. }
            | Self::Silent { .. }
            | Self::Doubled { .. }
            | Self::Missed { .. }
            | Self::Grows { .. } => self.places(),
        }
    }

    /// Its lesson: the sentence of the page that names it.
    #[must_use]
    pub fn lesson(&self) -> String {
        let (page, words) = self.taught();
        crate::explain::sentence(page, words).unwrap_or_default()
    }

    /// Whether it is what ZeroMQ is known to do where somebody dies, is cut off or is made slow.
    #[must_use]
    pub fn is_known_under_faults(&self) -> bool {
        match self {
            Self::Missed { .. }
            | Self::Lost { .. }
            | Self::Dropped { .. }
            | Self::Unheard { .. }
            | Self::Doubled { .. }
            | Self::Grows { .. }
            | Self::Behind { .. } => true,
            Self::Failed { .. }
            | Self::Broken { .. }
            | Self::Deadlocked { .. }
            | Self::Waits { .. }
            | Self::TurnedAway { .. }
            | Self::Untaken { .. }
            | Self::Nowhere { .. }
            | Self::Silent { .. } => false,
        }
    }

    /// Whether the same is wrong, whatever the numbers.
    #[must_use]
    pub fn is_like(&self, other: &Self) -> bool {
        self.kind() == other.kind() && self.places() == other.places()
    }

    /// Where it is.
    fn places(&self) -> Vec<&str> {
        match self {
            Self::Failed { node, .. } | Self::Silent { node, .. } => vec![node],
            Self::Dropped { node, reason, .. } => vec![node, reason],
            Self::Broken { always } => vec![always],
            Self::Deadlocked { nodes, .. } => nodes.iter().map(String::as_str).collect(),
            Self::Waits { socket, .. } => vec![socket],
            Self::TurnedAway { by, whom, .. } => vec![by, whom],
            Self::Untaken { from, to, .. } | Self::Grows { from, to, .. } => vec![from, to],
            Self::Nowhere { from, endpoint, .. } => vec![from, endpoint],
            Self::Unheard { subscriber, .. } | Self::Doubled { subscriber, .. } => vec![subscriber],
            Self::Missed { publisher, subscriber, .. } => vec![publisher, subscriber],
            Self::Lost { flow, .. } => vec![flow],
            Self::Behind { from, slow, .. } => vec![from, slow],
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_symptom_has_its_word_and_a_page_that_teaches_it() {
        let text = String::new;
        let (slow, idle) = (text(), text());
        let unheard =
            |nearly| Symptom::Unheard { subscriber: text(), publisher: text(), fitting: 0, nearly };
        let all = [
            Symptom::Failed { node: text(), error: text() },
            Symptom::Broken { always: text() },
            Symptom::Deadlocked { nodes: Vec::new(), asks: false, came: 0 },
            Symptom::Deadlocked { nodes: Vec::new(), asks: true, came: 0 },
            Symptom::Waits { socket: text(), answers: 0 },
            Symptom::TurnedAway { by: text(), whom: text(), is_pair: false, came: 0 },
            Symptom::TurnedAway { by: text(), whom: text(), is_pair: true, came: 0 },
            Symptom::Untaken { from: text(), to: text(), waiting: 0, came: 0 },
            Symptom::Nowhere { from: text(), endpoint: text(), waiting: 0, ways: 1 },
            Symptom::Silent { node: text(), receives: true, before: 0 },
            unheard(None),
            unheard(Some((text(), text()))),
            Symptom::Doubled { subscriber: text(), publishers: Vec::new(), count: 0 },
            Symptom::Missed { publisher: text(), subscriber: text(), count: 0, came: 0 },
            Symptom::Lost { flow: text(), count: 0, sent: 0 },
            Symptom::Dropped { node: text(), reason: "malformed", count: 0 },
            Symptom::Dropped { node: text(), reason: "unroutable", count: 0 },
            Symptom::Behind { from: text(), slow, idle, waiting: 0, came: 0 },
            Symptom::Grows { from: text(), to: text(), waiting: 0, came: 0 },
        ];
        assert!(all.windows(2).all(|pair| pair[0] < pair[1]), "the gravest first");
        let mut kinds: Vec<&str> = all.iter().map(Symptom::kind).collect();
        kinds.dedup();
        assert_eq!(kinds, Symptom::KINDS);
        for symptom in &all {
            let lesson = symptom.lesson();
            assert!(lesson.len() > 20 && lesson.ends_with('.'), "{}: {lesson}", symptom.kind());
            assert!(symptom.is_like(symptom));
        }
    }
}
