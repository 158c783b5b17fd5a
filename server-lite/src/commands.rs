//! Ad-hoc commands (XEP-0050): what the server does for people when asked, most
//! of it for administrators (XEP-0133). One list, from which discovery is made.
//!
//! A command has no form, one, or several, of which the later ones know what was
//! answered before; one can go back to those. An execution that waits for a form
//! is remembered for a while, and only the session that began it goes on with it.

mod accounts;
mod data;
mod executions;
mod invites;
mod lists;
mod service;
mod sessions;

use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Instant;

use xmpp_core::element::{Build, build};
use xmpp_core::stanza_error::{Condition, StanzaError};
use xmpp_core::{Element, ns};

use self::executions::{Executions, Found, Open};
use crate::accounts::AccountError;
use crate::form::Filled;
use crate::modules::Request;
use crate::people::{self, Motd};
use crate::server::Server;
use crate::store::Store;
use crate::{StoreError, clock};

/// Bytes of an answer that is kept for the stages after it.
const MAX_ANSWER: usize = 16 * 1024;

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

/// Makes the form of a later stage, from what was answered before it.
type Stage = for<'a> fn(Asked<'a>, Filled) -> Work<'a, Result<Element, Failed>>;

/// One command.
struct Command {
    node: &'static str,
    name: &'static str,
    /// To whom it is offered: the server, and whether an administrator asks.
    offered: fn(&Server, bool) -> bool,
    /// What has to be filled in, if anything.
    form: for<'a> fn(Asked<'a>) -> Work<'a, Result<Option<Element>, StoreError>>,
    /// What has to be filled in after that.
    later: &'static [Stage],
    /// Does it, with the answers of all stages.
    run: for<'a> fn(Asked<'a>, Filled) -> Work<'a, Outcome>,
}

impl Command {
    /// For administrators, without a form.
    const ADMIN: Self = Self {
        node: "",
        name: "",
        offered: |_, is_admin| is_admin,
        form: |_| Box::pin(std::future::ready(Ok(None))),
        later: &[],
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
    sessions::COMMANDS,
];

fn all() -> impl Iterator<Item = &'static Command> {
    COMMANDS.iter().copied().flatten()
}

/// What the server remembers for commands.
pub(crate) struct Commands {
    open: Executions,
    motd: Mutex<Option<Motd>>,
}

impl Commands {
    /// Reads what is kept.
    pub(crate) async fn load(store: &Store) -> Result<Self, StoreError> {
        Ok(Self {
            open: Executions::default(),
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
    let open = &request.server.commands.open;
    let answers = match open.find(id, request.number, node, Instant::now()) {
        Found::Nothing => return Err(refused(Condition::BadRequest, "bad-sessionid")),
        Found::TooLate => return Err(refused(Condition::NotAllowed, "session-expired")),
        Found::At(answers) => answers,
    };
    if action == "cancel" {
        open.end(id);
        return Ok(Some(result(command, id, "canceled").done()));
    }
    let execution = Execution { asked, command, id };
    let form = payload.get_child("x", ns::DATA_FORMS).map(Filled::read);
    execution.go_on(action, answers, form).await.map(Some)
}

/// An execution that has begun.
#[derive(Clone, Copy)]
struct Execution<'a> {
    asked: Asked<'a>,
    command: &'static Command,
    id: &'a str,
}

impl Execution<'_> {
    /// Does what is wanted at the stage after these answers (section 3.4).
    async fn go_on(
        self,
        action: &str,
        mut answers: Vec<Filled>,
        form: Option<Filled>,
    ) -> Result<Element, StanzaError> {
        let open = &self.asked.server.commands.open;
        let is_last = answers.len() >= self.command.later.len();
        let payload = || form.ok_or_else(|| refused(Condition::BadRequest, "bad-payload"));
        match action {
            "prev" if !answers.is_empty() => {
                answers.pop();
                let shown = self.show(&answers, None).await?;
                open.go(self.id, answers, Instant::now());
                Ok(shown)
            }
            "next" | "execute" if !is_last => {
                let form = payload()?;
                if form.bytes() > MAX_ANSWER {
                    return Err(refused(Condition::BadRequest, "bad-payload"));
                }
                answers.push(form);
                match self.form(&answers).await {
                    Ok(form) => {
                        let shown = self.executing(answers.len(), form, None);
                        open.go(self.id, answers, Instant::now());
                        Ok(shown)
                    }
                    // The same once more, with a word about it.
                    Err(Failed::Note(text)) => {
                        answers.pop();
                        self.show(&answers, Some(&text)).await
                    }
                    Err(Failed::Stanza(error)) => Err(error),
                }
            }
            "complete" | "execute" if is_last => {
                answers.push(payload()?);
                let run = (self.command.run)(self.asked, Filled::all_of(answers));
                let answer = finish(self.command, self.id, run.await)?;
                open.end(self.id);
                Ok(answer)
            }
            _ => Err(refused(Condition::BadRequest, "bad-action")),
        }
    }

    /// The form of the stage after these answers.
    async fn form(self, answers: &[Filled]) -> Result<Element, Failed> {
        let later = answers.len().checked_sub(1);
        match later.and_then(|stage| self.command.later.get(stage)) {
            Some(stage) => stage(self.asked, Filled::all_of(answers.to_vec())).await,
            // A command that has begun has a form.
            None => (self.command.form)(self.asked)
                .await?
                .ok_or(Failed::Stanza(Condition::InternalServerError.into())),
        }
    }

    /// Shows the stage after these answers.
    async fn show(self, answers: &[Filled], note: Option<&str>) -> Result<Element, StanzaError> {
        match self.form(answers).await {
            Ok(form) => Ok(self.executing(answers.len(), form, note)),
            // What was found a moment ago is gone.
            Err(Failed::Note(text)) => {
                Err(refused(Condition::BadRequest, "bad-payload").with_text(&text))
            }
            Err(Failed::Stanza(error)) => Err(error),
        }
    }

    /// The form of a stage, with what can be done there.
    fn executing(self, stage: usize, form: Element, error: Option<&str>) -> Element {
        let forward = match stage < self.command.later.len() {
            true => "next",
            false => "complete",
        };
        let back = (stage > 0).then(|| build("prev", ns::COMMANDS));
        let actions = build("actions", ns::COMMANDS)
            .attr("execute", forward)
            .children(back)
            .child(build(forward, ns::COMMANDS));
        result(self.command, self.id, "executing")
            .child(actions)
            .child(form)
            .children(error.map(|text| note("error", text)))
            .done()
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
        answers: Vec::new(),
        since: Instant::now(),
    };
    request.server.commands.open.begin(&id, begun)?;
    let id = id.as_str();
    let execution = Execution { asked, command, id };
    Ok(execution.executing(0, form, None))
}

fn note(kind: &str, text: &str) -> Build {
    build("note", ns::COMMANDS).attr("type", kind).text(text)
}

fn result(command: &Command, id: &str, status: &str) -> Build {
    build("command", ns::COMMANDS)
        .attr("node", command.node)
        .attr("sessionid", id)
        .attr("status", status)
}

fn finish(command: &Command, id: &str, outcome: Outcome) -> Result<Element, StanzaError> {
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
