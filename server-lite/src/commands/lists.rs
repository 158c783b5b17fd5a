//! How many accounts there are of a kind, and which (XEP-0133, sections 4.13 to
//! 4.22). Active are those with a session that does not say it is away; idle
//! are the others who are online.

use xmpp_core::{Element, ns};

use super::{Asked, Command, Done, Failed, Outcome};
use crate::StoreError;
use crate::form::{Filled, Form};
use crate::store::people;

#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    Registered,
    Disabled,
    Online,
    Active,
    Idle,
}

/// Most names in one answer.
const MAX_NAMES: usize = 10_000;

macro_rules! counted {
    ($kind:ident, $node:literal, $name:literal) => {
        Command {
            node: $node,
            name: $name,
            run: |asked, _| Box::pin(count(asked, Kind::$kind)),
            ..Command::ADMIN
        }
    };
}

macro_rules! listed {
    ($kind:ident, $node:literal, $name:literal) => {
        Command {
            node: $node,
            name: $name,
            form: |_| Box::pin(std::future::ready(Ok(Some(how_many($name))))),
            run: |asked, form| Box::pin(list(asked, form, Kind::$kind)),
            ..Command::ADMIN
        }
    };
}

pub(super) const COMMANDS: &[Command] = &[
    counted!(
        Registered,
        "http://jabber.org/protocol/admin#get-registered-users-num",
        "Number of accounts"
    ),
    counted!(
        Disabled,
        "http://jabber.org/protocol/admin#get-disabled-users-num",
        "Number of disabled accounts"
    ),
    counted!(
        Online,
        "http://jabber.org/protocol/admin#get-online-users-num",
        "Number of people online"
    ),
    counted!(
        Active,
        "http://jabber.org/protocol/admin#get-active-users-num",
        "Number of people who are active"
    ),
    counted!(
        Idle,
        "http://jabber.org/protocol/admin#get-idle-users-num",
        "Number of people who are idle"
    ),
    listed!(
        Registered,
        "http://jabber.org/protocol/admin#get-registered-users-list",
        "Accounts"
    ),
    listed!(
        Disabled,
        "http://jabber.org/protocol/admin#get-disabled-users-list",
        "Disabled accounts"
    ),
    listed!(
        Online,
        "http://jabber.org/protocol/admin#get-online-users-list",
        "People online"
    ),
    listed!(
        Active,
        "http://jabber.org/protocol/admin#get-active-users",
        "People who are active"
    ),
    listed!(
        Idle,
        "http://jabber.org/protocol/admin#get-idle-users",
        "People who are idle"
    ),
];

impl Kind {
    fn name(self) -> &'static str {
        match self {
            Self::Registered => "registered",
            Self::Disabled => "disabled",
            Self::Online => "online",
            Self::Active => "active",
            Self::Idle => "idle",
        }
    }

    fn takes(self, is_active: bool) -> bool {
        match self {
            Self::Active => is_active,
            Self::Idle => !is_active,
            Self::Registered | Self::Disabled | Self::Online => true,
        }
    }
}

fn how_many(title: &str) -> Element {
    let options = ["25", "50", "75", "100", "150", "200", "none"].map(|text| (text, text));
    let label = Some("Most names to show");
    Form::new("form", ns::ADMIN)
        .title(title)
        .choice("max_items", "list-single", label, ["100"], &options)
        .done()
}

async fn names(asked: Asked<'_>, kind: Kind, max: usize) -> Result<Vec<String>, StoreError> {
    if matches!(kind, Kind::Registered | Kind::Disabled) {
        let disabled = kind == Kind::Disabled;
        let read = move |db: &rusqlite::Connection| people::names(db, disabled, max);
        return asked.server.store.read(read).await;
    }
    let online = asked.server.router.online();
    let mut found: Vec<String> = online
        .into_iter()
        .filter(|(_, is_active)| kind.takes(*is_active))
        .map(|(name, _)| name)
        .collect();
    found.sort_unstable();
    found.truncate(max);
    Ok(found)
}

async fn count(asked: Asked<'_>, kind: Kind) -> Outcome {
    let count = match kind {
        Kind::Registered | Kind::Disabled => {
            let disabled = kind == Kind::Disabled;
            let read = move |db: &rusqlite::Connection| people::count(db, disabled);
            asked.server.store.read(read).await?
        }
        _ => names(asked, kind, usize::MAX).await?.len() as u64,
    };
    let field = format!("{}usersnum", kind.name());
    let form = Form::new("result", ns::ADMIN)
        .field(&field, "text-single", None, [count.to_string()])
        .done();
    Ok(Done {
        form: Some(form),
        note: None,
    })
}

async fn list(asked: Asked<'_>, form: Filled, kind: Kind) -> Outcome {
    let max = match form.first("max_items").unwrap_or("none").trim() {
        "none" | "" => MAX_NAMES,
        text => text
            .parse::<usize>()
            .map_err(|_| Failed::Note("this is no number".to_owned()))?
            .min(MAX_NAMES),
    };
    let found = names(asked, kind, max).await?;
    let found: Vec<String> = found.iter().map(|name| asked.server.bare(name)).collect();
    let field = format!("{}userjids", kind.name());
    let form = Form::new("result", ns::ADMIN)
        .field(&field, "jid-multi", None, found)
        .done();
    Ok(Done {
        form: Some(form),
        note: None,
    })
}
