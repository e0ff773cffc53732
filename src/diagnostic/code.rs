//! The stable codes of all findings: ZR01xx form, ZR02xx scripts, ZR03xx ZeroMQ semantics,
//! ZR04xx tests.
//!
//! Owns the one table of codes. A code is never given a second meaning, and never removed.

use std::fmt;

use super::Severity::{self, Error, Hint, Warning};

macro_rules! codes {
    ($($name:ident $id:literal $severity:ident $title:literal;)*) => {
        /// A stable name of a kind of fault.
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
        pub enum Code {
            $(#[doc = $title] $name,)*
        }

        impl Code {
            /// Every code there is, in order.
            pub const ALL: &'static [Code] = &[$(Code::$name),*];

            /// The code as printed, such as `ZR0101`.
            #[must_use]
            pub fn id(self) -> &'static str {
                match self { $(Code::$name => $id,)* }
            }

            /// How bad findings of this code are, unless one says otherwise.
            #[must_use]
            pub fn severity(self) -> Severity {
                match self { $(Code::$name => $severity,)* }
            }

            /// What it means, in a few words.
            #[must_use]
            pub fn title(self) -> &'static str {
                match self { $(Code::$name => $title,)* }
            }
        }
    };
}

codes! {
    Unreadable "ZR0101" Error "a file cannot be read";
    NotYaml "ZR0102" Error "a file is not YAML";
    TooLarge "ZR0103" Error "a file is too large, too deep or expands without end";
    DuplicateKey "ZR0104" Error "a key is given twice";
    UnknownKey "ZR0105" Error "a key that the format does not know";
    UnknownWord "ZR0106" Error "a word that is none of those allowed";
    WrongType "ZR0107" Error "a value of the wrong type or unit";
    MissingKey "ZR0108" Error "something needed is not there";
    UndefinedVariable "ZR0109" Error "an environment variable that is not set";
    BadName "ZR0110" Error "a name that is not allowed";
    BadEndpoint "ZR0111" Error "an endpoint that libzmq cannot use";
    UnknownNode "ZR0112" Error "a node or socket that does not exist";
    Conflict "ZR0113" Error "two settings that exclude each other";
    OptionNotHere "ZR0114" Error "an option that this role or this libzmq does not have";
    Ambiguous "ZR0115" Error "a name that several sockets fit";
    OutOfRange "ZR0116" Error "a value outside its range";
    NotHere "ZR0117" Error "a setting that means nothing for this role or node";
    BadAllow "ZR0118" Warning "an allow that cannot be read";
    UnusedAllow "ZR0119" Hint "an allow that silences nothing";
    BadCertificate "ZR0120" Error "a certificate that is missing or not sound";
    SecretReadable "ZR0121" Error "a secret that others can read";
    BadUsers "ZR0122" Error "a file of users that is missing or not sound";
    UnknownPlace "ZR0124" Error "a place that does not exist";
    ScriptSyntax "ZR0201" Error "a script that does not compile";
    ScriptImport "ZR0202" Error "an import that cannot be had";
    UnknownFunction "ZR0203" Error "a call of a function that there is not";
    WrongArguments "ZR0204" Error "a call with the wrong number of arguments";
    UnknownVariable "ZR0205" Error "a variable that nothing defines";
    NeverCalled "ZR0206" Warning "a handler that is never called";
    SendsNowhere "ZR0207" Warning "a call that no socket of the node can do";
    ParamMissing "ZR0208" Warning "a param that nothing gives";
    TimerUnheard "ZR0209" Warning "a timer that no handler hears";
    UnknownProperty "ZR0210" Error "a property that no message has";
    PropertyNotInFormat "ZR0211" Warning "a property that messages of this format do not have";
    RefusedArgument "ZR0212" Error "an argument that its function refuses";
    LostValue "ZR0213" Warning "a value that a `;` at the end loses";
    WithoutThis "ZR0214" Error "a function that uses `this`, called without one";
    EmptyBlock "ZR0215" Warning "an empty block where a map is meant";
    NotFilledIn "ZR0216" Warning "a text whose variables are not filled in";
    HiddenEnd "ZR0217" Warning "a comment that hides the end of a statement";
    ComparedTwice "ZR0218" Warning "a comparison of what a comparison gives";
    StateOverwritten "ZR0220" Warning "a kept state that on_start overwrites";
    FilterMissing "ZR0301" Error "a subscriber without a filter";
    HwmLosesReplies "ZR0302" Error "a high-water mark that loses replies";
    ReplicasBind "ZR0303" Error "a replicated node that binds a fixed endpoint";
    NobodyBinds "ZR0304" Error "a link that nobody binds";
    RolesCannotTalk "ZR0305" Error "roles that cannot talk to each other";
    TwoBinders "ZR0306" Error "two sockets that bind one endpoint";
    MandatoryOnRep "ZR0307" Error "router_mandatory on a rep";
    ForwardRoles "ZR0308" Error "a forward that no message can pass";
    HwmSmall "ZR0309" Warning "a high-water mark that is small for replies";
    HwmOnePublisher "ZR0310" Warning "a publisher with a high-water mark of 1";
    PrefixTakesMore "ZR0311" Warning "a filter that takes other ids too";
    RedundantFilter "ZR0312" Warning "a filter that another one contains";
    FiltersBeyondHwm "ZR0313" Warning "more filters than the high-water mark";
    PublisherConnects "ZR0314" Warning "a publisher that connects to its subscriber";
    PublishesTooEarly "ZR0315" Warning "a publisher that sends before anybody can have subscribed";
    HwmUnlimited "ZR0316" Warning "a high-water mark without a limit";
    UnroutableVanishes "ZR0317" Warning "a router that speaks first without router_mandatory";
    RequestCycle "ZR0318" Warning "requests that go round in a circle";
    PairThirdPeer "ZR0319" Warning "a pair with a third peer";
    HeartbeatDanger "ZR0320" Warning "a heartbeat that endangers its connection";
    ConflateMultipart "ZR0321" Warning "conflate on messages of several frames";
    EphemeralPort "ZR0322" Warning "a port that the system gives away";
    IpcNoSocket "ZR0323" Error "an ipc path where something else lies";
    NeverReconnects "ZR0324" Warning "a reconnect_ivl of 0";
    NobodyReads "ZR0325" Warning "a socket whose messages nobody reads";
    LingerForever "ZR0326" Warning "a linger without an end";
    DuplicateIdentity "ZR0327" Warning "two peers of one router with one identity";
    DoubleConnect "ZR0328" Warning "an endpoint that is connected to twice";
    WithoutEffect "ZR0329" Warning "an option without effect";
    FormatsDiffer "ZR0330" Warning "two ends of a link in different formats";
    SequenceOneSided "ZR0331" Warning "sequence at one end of a link only";
    InvertOneSided "ZR0332" Warning "invert_matching at one end of a link only";
    SecurityDiffers "ZR0333" Warning "two ends of a link that authenticate differently";
    NoZapHandler "ZR0334" Warning "a server whose clients nobody checks";
    FileInUse "ZR0335" Error "a file that is written while something else reads it";
    NeverUnsubscribes "ZR0336" Warning "a proxy that never unsubscribes";
    DelimiterMissing "ZR0337" Warning "a router that leaves out the delimiter of its peer";
    SenderTwice "ZR0338" Warning "an answer that names its receiver twice";
    LetsInEverybody "ZR0339" Warning "a CURVE server that lets in everybody";
    AllowsNobody "ZR0340" Warning "a socket that lets nobody in";
    TwoZapHandlers "ZR0341" Error "a ZAP handler beside that of the run";
    PasswordInClear "ZR0342" Warning "a password that goes over the line in clear";
    OpenToAll "ZR0343" Warning "a bind on all interfaces that lets in everybody";
    ShutsOutOwn "ZR0344" Warning "an allow or deny that shuts out a link of the file";
    SecretWritten "ZR0345" Warning "a secret written into the file";
    NullBesideCurve "ZR0346" Warning "peers without a mechanism beside CURVE";
    GuestExpired "ZR0347" Warning "a certificate of the folder `allow` that has expired";
    FilterTakesNothing "ZR0348" Warning "a filter that no message fits";
    CrossesPrivately "ZR0355" Error "a link between places that cannot leave its machine";
    PlaceReplicasBind "ZR0356" Error "a place with replicas that binds what others connect to";
    PlacesCollide "ZR0357" Error "two sockets that bind one port of one machine";
    CrossesInClear "ZR0358" Warning "a link between places that is not encrypted";
    PlaceEmpty "ZR0359" Warning "a place without nodes";
    NodeWithoutPlace "ZR0360" Warning "a node without a place beside nodes that have one";
    CountsInClear "ZR0361" Error "counts that strangers could hear or forge";
    PeerLikeNode "ZR0401" Error "a peer with the name of a node";
    StepNotOne "ZR0402" Error "a step that does nothing, or two things";
    TestTwice "ZR0403" Error "two tests of one name";
    CannotPass "ZR0404" Error "a step at a socket that no such message passes";
    NeverSeen "ZR0405" Error "something looked for where it cannot be seen";
    NoSuchHandler "ZR0406" Error "a handler or timer that the node does not have";
    UnknownFigure "ZR0407" Error "a figure that nothing has";
    StepInVain "ZR0408" Warning "a step that changes nothing";
    CannotFail "ZR0409" Warning "a test that cannot fail";
}

impl fmt::Display for Code {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.id())
    }
}

impl Code {
    /// The code printed as `id`, if there is one.
    #[must_use]
    pub fn parse(id: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|code| code.id().eq_ignore_ascii_case(id))
    }
}
