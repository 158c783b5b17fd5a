//! What a server does not have. Each entry is proven: the scenario is run, and
//! has to fail by what is said here; what depends on the moment may pass.

use crate::server::Kind;

/// Something that a server lacks.
#[derive(Debug, Clone, Copy)]
pub struct Lack {
    /// Whose server.
    pub kind: Kind,
    /// Which scenario fails for it.
    pub scenario: &'static str,
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

const OUR_LINKS: &str = "our invitation links are made by our server";
const NO_SEARCH: &str = "the archive has no full text search (XEP-0431)";
const ONLY_MYSQL: &str = "the archive offers full text search, with a query that only MySQL knows";
const TWO_ARCHIVES: &str = "a message is written into two archives in two transactions; a server \
                            that is killed between them has it for its author only";

/// All of it.
pub const LACKS: &[Lack] = &[
    Lack {
        kind: Kind::Prosody,
        scenario: "an invitation",
        when: When::Always,
        says: "no invitations",
        why: OUR_LINKS,
    },
    Lack {
        kind: Kind::Ejabberd,
        scenario: "an invitation",
        when: When::Always,
        says: "no invitations",
        why: OUR_LINKS,
    },
    Lack {
        kind: Kind::Prosody,
        scenario: "searching on the server",
        when: When::Always,
        says: "does not search its archive",
        why: NO_SEARCH,
    },
    Lack {
        kind: Kind::Ejabberd,
        scenario: "searching on the server",
        when: When::Always,
        says: "what is there is not found",
        why: ONLY_MYSQL,
    },
    Lack {
        kind: Kind::Prosody,
        scenario: "the server is killed while people write",
        when: When::AtTimes,
        says: "that it had taken",
        why: TWO_ARCHIVES,
    },
    Lack {
        kind: Kind::Ejabberd,
        scenario: "the server is killed while people write",
        when: When::AtTimes,
        says: "that it had taken",
        why: TWO_ARCHIVES,
    },
];

/// What is known of a scenario on a server.
#[must_use]
pub fn known(kind: Kind, scenario: &str) -> Option<&'static Lack> {
    LACKS
        .iter()
        .find(|lack| lack.kind == kind && lack.scenario == scenario)
}
