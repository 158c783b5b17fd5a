//! What a server does not have. Each entry is proven: the scenario is run, and
//! has to fail by what is said here; what depends on the moment may pass.

use navigation::Transport;

use crate::server::Kind;

/// Something that a server lacks.
#[derive(Debug, Clone, Copy)]
pub struct Lack {
    /// Whose server.
    pub kind: Kind,
    /// Which scenario fails for it.
    pub scenario: &'static str,
    /// Over which way in; none: over each.
    pub over: Option<Transport>,
    /// Whether it fails each time, or only when the moment is right.
    pub when: When,
    /// What its failure says.
    pub says: &'static str,
    /// Why, for people.
    pub why: &'static str,
}

/// How often a lack shows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum When {
    /// In every run.
    Always,
    /// It depends on the moment: a run may pass.
    AtTimes,
}

const NO_CLIENTS: &str = "the clients of an account are listed and ended by Prosody 13 only";
const OUR_LINKS: &str = "our invitation links are made by our server";
const NO_SEARCH: &str = "the archive has no full text search (XEP-0431)";
const NO_TOKENS: &str = "no tokens to sign in with (XEP-0484) in this version";
const NO_MODERATION: &str = "rooms know no moderated retractions (XEP-0425) in this version";
const NO_SUBJECT_ID: &str = "the room gives its subject no id (XEP-0359), so nobody can say what they \
                             have read";
const SUBJECT_ID_ONCE: &str = "the room gives its subject an id when it is set, and none to whoever \
                               enters later";
const NAMES_EVERYBODY: &str = "rooms know nothing of who may name everybody (XEP-0513)";
const NO_MANAGERS: &str = "there is no standard for who leads somebody: our server's directory \
                           (XEP-0055) has a column for it";
const ONLY_MYSQL: &str = "the archive offers full text search, with a query that only MySQL knows";
const TWO_ARCHIVES: &str = "a message is written into two archives in two transactions; a server \
                            that is killed between them has it for its author only";

const HUNG: &str = "over WebSocket, a session whose connection ends while it sends (ejabberd_http_ws, \
                    route_text) hangs for 15 s with each stanza that is left for it; what comes \
                    for it meanwhile is in no archive and goes to nobody";
const FINDS_RELAYS: &str = "sign-ins are bound to the certificate (tls-server-end-point), so a \
                            relay between the two is found out; the simulator has these faults";

/// All of it.
pub const LACKS: &[Lack] = &[
    Lack {
        kind: Kind::Ejabberd,
        scenario: "cut at every stage of signing in",
        over: Some(Transport::WebSocket),
        when: When::AtTimes,
        says: "gave to nobody",
        why: HUNG,
    },
    Lack {
        kind: Kind::Ejabberd,
        scenario: "cut at every stage of sending",
        over: Some(Transport::WebSocket),
        when: When::AtTimes,
        says: "gave to nobody",
        why: HUNG,
    },
    Lack {
        kind: Kind::Prosody,
        scenario: "an invitation",
        over: None,
        when: When::Always,
        says: "no invitations",
        why: OUR_LINKS,
    },
    Lack {
        kind: Kind::Ejabberd,
        scenario: "an invitation",
        over: None,
        when: When::Always,
        says: "no invitations",
        why: OUR_LINKS,
    },
    Lack {
        kind: Kind::Prosody,
        scenario: "a device is signed out from another one",
        over: None,
        when: When::Always,
        says: "cannot sign a device out",
        why: NO_CLIENTS,
    },
    Lack {
        kind: Kind::Ejabberd,
        scenario: "a device is signed out from another one",
        over: None,
        when: When::Always,
        says: "cannot sign a device out",
        why: NO_CLIENTS,
    },
    Lack {
        kind: Kind::Prosody,
        scenario: "searching on the server",
        over: None,
        when: When::Always,
        says: "does not search its archive",
        why: NO_SEARCH,
    },
    Lack {
        kind: Kind::Ejabberd,
        scenario: "searching on the server",
        over: None,
        when: When::Always,
        says: "what is there is not found",
        why: ONLY_MYSQL,
    },
    Lack {
        kind: Kind::Prosody,
        scenario: "the server is killed while people write",
        over: None,
        when: When::AtTimes,
        says: "that it had taken",
        why: TWO_ARCHIVES,
    },
    Lack {
        kind: Kind::Ejabberd,
        scenario: "the server is killed while people write",
        over: None,
        when: When::AtTimes,
        says: "that it had taken",
        why: TWO_ARCHIVES,
    },
    Lack {
        kind: Kind::Prosody,
        scenario: "a token in the place of the password",
        over: None,
        when: When::Always,
        says: "gives no tokens",
        why: NO_TOKENS,
    },
    Lack {
        kind: Kind::Prosody,
        scenario: "a moderator takes a message back",
        over: None,
        when: When::Always,
        says: "cannot take messages back",
        why: NO_MODERATION,
    },
    Lack {
        kind: Kind::Prosody,
        scenario: "the notice of a room, and who has closed it",
        over: None,
        when: When::Always,
        says: "gives its notice no id",
        why: NO_SUBJECT_ID,
    },
    Lack {
        kind: Kind::Ejabberd,
        scenario: "the notice of a room, and who has closed it",
        over: None,
        when: When::Always,
        says: "does not learn the id of the notice",
        why: SUBJECT_ID_ONCE,
    },
    Lack {
        kind: Kind::Prosody,
        scenario: "who leads somebody",
        over: None,
        when: When::Always,
        says: "the directory knows no managers",
        why: NO_MANAGERS,
    },
    Lack {
        kind: Kind::Ejabberd,
        scenario: "who leads somebody",
        over: None,
        when: When::Always,
        says: "the directory knows no managers",
        why: NO_MANAGERS,
    },
    Lack {
        kind: Kind::Prosody,
        scenario: "moderators alone name everybody",
        over: None,
        when: When::Always,
        says: "everybody may name everybody",
        why: NAMES_EVERYBODY,
    },
    Lack {
        kind: Kind::Ejabberd,
        scenario: "moderators alone name everybody",
        over: None,
        when: When::Always,
        says: "everybody may name everybody",
        why: NAMES_EVERYBODY,
    },
    Lack {
        kind: Kind::Ejabberd,
        scenario: "a token in the place of the password",
        over: None,
        when: When::Always,
        says: "gives no tokens",
        why: NO_TOKENS,
    },
    Lack {
        kind: Kind::Ejabberd,
        scenario: "a moderator takes a message back",
        over: None,
        when: When::Always,
        says: "cannot take messages back",
        why: NO_MODERATION,
    },
    Lack {
        kind: Kind::ServerLite,
        scenario: "a cut is followed by a resumption",
        over: None,
        when: When::Always,
        says: "signs in through the relay",
        why: FINDS_RELAYS,
    },
    Lack {
        kind: Kind::ServerLite,
        scenario: "an acknowledgement is lost, and the session is gone",
        over: None,
        when: When::Always,
        says: "signs in through the relay",
        why: FINDS_RELAYS,
    },
    Lack {
        kind: Kind::ServerLite,
        scenario: "everything is delivered twice",
        over: None,
        when: When::Always,
        says: "signs in through the relay",
        why: FINDS_RELAYS,
    },
];

/// What is known of a scenario on a server, by that way in.
#[must_use]
pub fn known(kind: Kind, scenario: &str, transport: Transport) -> Option<&'static Lack> {
    LACKS.iter().find(|lack| {
        lack.kind == kind
            && lack.scenario == scenario
            && lack.over.is_none_or(|over| over == transport)
    })
}
