//! Ad-hoc commands (XEP-0050): what the server does for people when asked, most
//! of it for administrators (XEP-0133). One list, from which discovery is made.
//!
//! Every command has at most one form. An execution that waits for its form is
//! remembered for a while, and only the session that began it can end it.

mod accounts;
mod data;
mod invites;
mod lists;
mod service;

use std::collections::HashMap;
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use xmpp_core::element::{Build, build};
use xmpp_core::stanza_error::{Condition, StanzaError};
use xmpp_core::{Element, ns};

use crate::accounts::AccountError;
use crate::form::Filled;
use crate::modules::Request;
use crate::people::{self, Motd};
use crate::server::Server;
use crate::store::Store;
use crate::{StoreError, clock};

/// How long a form may be looked at.
const PATIENCE: Duration = Duration::from_secs(15 * 60);
/// Executions that one account may have begun, and all of them together.
const MAX_OF_USER: usize = 10;
const MAX_OPEN: usize = 1_000;

type Work<'a, T> = Pin<Box<dyn Future<Output = T> + Send + 'a>>;

/// Who wants something done.
#[derive(Clone, Copy)]
pub(super) struct Asked<'a> {
    server: &'a Arc<Server>,
    user: &'a str,
    /// Number of the session.
    number: u64,
}

/// What came of it.
#[derive(Default)]
struct Done {
    form: Option<Element>,
    note: Option<String>,
}

/// Why nothing came of it.
enum Failed {
    /// The request was not one.
    Stanza(StanzaError),
    /// It was, but could not be done; for a person to read.
    Note(String),
}

impl From<Condition> for Failed {
    fn from(condition: Condition) -> Self {
        Self::Stanza(condition.into())
    }
}

impl From<StoreError> for Failed {
    fn from(error: StoreError) -> Self {
        tracing::error!(%error, "command failed");
        Condition::InternalServerError.into()
    }
}

impl From<AccountError> for Failed {
    fn from(error: AccountError) -> Self {
        match error {
            AccountError::Store(error) => error.into(),
            AccountError::Random(_) => Condition::InternalServerError.into(),
            other => Self::Note(other.to_string()),
        }
    }
}

type Outcome = Result<Done, Failed>;

/// One command.
struct Command {
    node: &'static str,
    name: &'static str,
    /// To whom it is offered: the server, and whether an administrator asks.
    offered: fn(&Server, bool) -> bool,
    /// What has to be filled in, if anything.
    form: for<'a> fn(Asked<'a>) -> Work<'a, Result<Option<Element>, StoreError>>,
    run: for<'a> fn(Asked<'a>, Filled) -> Work<'a, Outcome>,
}

impl Command {
    /// For administrators, without a form.
    const ADMIN: Self = Self {
        node: "",
        name: "",
        offered: |_, is_admin| is_admin,
        form: |_| Box::pin(std::future::ready(Ok(None))),
        run: |_, _| Box::pin(std::future::ready(Ok(Done::default()))),
    };
}

/// All of them, in the order in which they are shown.
const COMMANDS: &[&[Command]] = &[
    invites::COMMANDS,
    accounts::COMMANDS,
    data::COMMANDS,
    lists::COMMANDS,
    service::COMMANDS,
];

fn all() -> impl Iterator<Item = &'static Command> {
    COMMANDS.iter().copied().flatten()
}

/// An execution that waits for its form.
struct Open {
    user: String,
    /// Number of the session.
    session: u64,
    node: &'static str,
    since: Instant,
}

/// What the server remembers for commands.
pub(crate) struct Commands {
    open: Mutex<HashMap<String, Open>>,
    motd: Mutex<Option<Motd>>,
}

impl Commands {
    /// Reads what is kept.
    pub(crate) async fn load(store: &Store) -> Result<Self, StoreError> {
        Ok(Self {
            open: Mutex::default(),
            motd: Mutex::new(people::motd(store).await?),
        })
    }

    /// The message of the day.
    pub(crate) fn motd(&self) -> Option<Motd> {
        let motd = self.motd.lock().unwrap_or_else(PoisonError::into_inner);
        motd.clone()
    }

    pub(crate) fn set_motd(&self, motd: Option<Motd>) {
        *self.motd.lock().unwrap_or_else(PoisonError::into_inner) = motd;
    }

    fn with_open<T>(&self, act: impl FnOnce(&mut HashMap<String, Open>) -> T) -> T {
        act(&mut self.open.lock().unwrap_or_else(PoisonError::into_inner))
    }

    fn begin(&self, id: &str, begun: Open) -> Result<(), StanzaError> {
        self.with_open(|open| {
            let now = begun.since;
            open.retain(|_, other| now.duration_since(other.since) < PATIENCE);
            let of_user = open.values().filter(|other| other.user == begun.user);
            if open.len() >= MAX_OPEN || of_user.count() >= MAX_OF_USER {
                return Err(Condition::ResourceConstraint.into());
            }
            open.insert(id.to_owned(), begun);
            Ok(())
        })
    }

    /// Checks that a session has begun this; `false` if it waited too long.
    fn goes_on(&self, id: &str, session: u64, node: &str) -> Option<bool> {
        self.with_open(|open| {
            let begun = open.get(id)?;
            if begun.session != session || begun.node != node {
                return None;
            }
            let in_time = begun.since.elapsed() < PATIENCE;
            if !in_time {
                open.remove(id);
            }
            Some(in_time)
        })
    }

    fn end(&self, id: &str) {
        self.with_open(|open| open.remove(id));
    }
}

/// A refusal with the condition of XEP-0050, section 4.4.
fn refused(condition: Condition, detail: &str) -> StanzaError {
    StanzaError::from(condition).with_detail(build(detail, ns::COMMANDS))
}

/// The commands that somebody may use: node and name.
pub(crate) async fn offered(server: &Server, user: &str) -> Vec<(&'static str, &'static str)> {
    let is_admin = people::is_admin(server, user).await;
    all()
        .filter(|command| (command.offered)(server, is_admin))
        .map(|command| (command.node, command.name))
        .collect()
}

/// Name of a command; an error for who may not use it.
pub(crate) async fn name_of(
    server: &Server,
    user: &str,
    node: &str,
) -> Result<&'static str, StanzaError> {
    find(server, user, node).await.map(|command| command.name)
}

async fn find(server: &Server, user: &str, node: &str) -> Result<&'static Command, StanzaError> {
    let command = all().find(|command| command.node == node);
    let command = command.ok_or(Condition::ItemNotFound)?;
    let is_admin = people::is_admin(server, user).await;
    match (command.offered)(server, is_admin) {
        true => Ok(command),
        false => Err(Condition::Forbidden.into()),
    }
}

/// Takes a `<command/>`.
pub(crate) async fn answer(request: &Request<'_>) -> Result<Option<Element>, StanzaError> {
    let payload = request.payload;
    if !request.is_set {
        return Err(Condition::BadRequest.into());
    }
    let node = payload.attr("node").ok_or(Condition::BadRequest)?;
    let command = find(request.server, request.user, node).await?;
    let asked = Asked {
        server: request.server,
        user: request.user,
        number: request.number,
    };
    let action = payload.attr("action").unwrap_or("execute");
    let known = ["cancel", "complete", "execute", "next", "prev"];
    if !known.contains(&action) {
        return Err(refused(Condition::BadRequest, "malformed-action"));
    }
    let Some(id) = payload.attr("sessionid") else {
        if action != "execute" {
            return Err(refused(Condition::BadRequest, "bad-action"));
        }
        return begin(request, command, asked).await.map(Some);
    };
    match request.server.commands.goes_on(id, request.number, node) {
        None => return Err(refused(Condition::BadRequest, "bad-sessionid")),
        Some(false) => return Err(refused(Condition::NotAllowed, "session-expired")),
        Some(true) => {}
    }
    match action {
        "cancel" => {
            request.server.commands.end(id);
            Ok(Some(result(command, id, "canceled").done()))
        }
        // There is one form and nothing before or behind it.
        "next" | "prev" => Err(refused(Condition::BadRequest, "bad-action")),
        _ => {
            let form = payload.get_child("x", ns::DATA_FORMS).map(Filled::read);
            let form = form.ok_or_else(|| refused(Condition::BadRequest, "bad-payload"))?;
            let answer = finish(command, id, (command.run)(asked, form).await)?;
            request.server.commands.end(id);
            Ok(Some(answer))
        }
    }
}

async fn begin(
    request: &Request<'_>,
    command: &'static Command,
    asked: Asked<'_>,
) -> Result<Element, StanzaError> {
    let internal = |error: &dyn std::fmt::Display| {
        tracing::error!(%error, "command failed");
        StanzaError::from(Condition::InternalServerError)
    };
    let id = clock::random_id().map_err(|error| internal(&error))?;
    let form = (command.form)(asked)
        .await
        .map_err(|error| internal(&error))?;
    let Some(form) = form else {
        let done = (command.run)(asked, Filled::default()).await;
        return finish(command, &id, done);
    };
    let begun = Open {
        user: request.user.to_owned(),
        session: request.number,
        node: command.node,
        since: Instant::now(),
    };
    request.server.commands.begin(&id, begun)?;
    let actions = build("actions", ns::COMMANDS)
        .attr("execute", "complete")
        .child(build("complete", ns::COMMANDS));
    Ok(result(command, &id, "executing")
        .child(actions)
        .child(form)
        .done())
}

fn result(command: &Command, id: &str, status: &str) -> Build {
    build("command", ns::COMMANDS)
        .attr("node", command.node)
        .attr("sessionid", id)
        .attr("status", status)
}

fn finish(command: &Command, id: &str, outcome: Outcome) -> Result<Element, StanzaError> {
    let note = |kind: &str, text: &str| build("note", ns::COMMANDS).attr("type", kind).text(text);
    let completed = result(command, id, "completed");
    match outcome {
        Ok(done) => {
            let note = done.note.map(|text| note("info", &text));
            Ok(completed.children(note).children(done.form).done())
        }
        Err(Failed::Note(text)) => Ok(completed.child(note("error", &text)).done()),
        Err(Failed::Stanza(error)) => Err(error),
    }
}

/// Localpart of an account of this server, and the session that is named.
fn account(server: &Server, text: &str) -> Result<(String, Option<String>), Failed> {
    let text = text.trim();
    let address = jid::Jid::new(text).map_err(|_| Failed::Note(format!("{text} is no address")))?;
    let name = server
        .localpart(&address.to_bare())
        .ok_or_else(|| Failed::Note(format!("{text} is no account of this server")))?;
    Ok((
        name,
        address.resource().map(|part| part.as_str().to_owned()),
    ))
}

/// Most accounts in one form.
const MAX_ACCOUNTS: usize = 500;

/// The accounts that a form names.
fn accounts_of(server: &Server, form: &Filled) -> Result<Vec<(String, Option<String>)>, Failed> {
    let named = form.all("accountjids").unwrap_or_default();
    let named = named.iter().filter(|text| !text.trim().is_empty());
    let all: Vec<_> = named
        .take(MAX_ACCOUNTS + 1)
        .map(|text| account(server, text))
        .collect::<Result<_, _>>()?;
    match all.len() {
        0 => Err(Failed::Note("no account is named".to_owned())),
        1..=MAX_ACCOUNTS => Ok(all),
        _ => Err(Failed::Note("too many accounts are named".to_owned())),
    }
}
