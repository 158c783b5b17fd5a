//! Words to everybody, and the end of the service (XEP-0133, sections 4.23 to
//! 4.26 and 4.30).

use std::sync::Arc;
use std::time::Duration;

use xmpp_core::{Element, ns};

use super::{Asked, Command, Done, Failed, Outcome};
use crate::form::{Filled, Form};
use crate::people::{self, Motd};
use crate::server::Server;
use crate::{StoreError, clock};

/// Longest announcement, in characters.
const MAX_TEXT: usize = 10_000;
/// Longest delay before the server stops.
const MAX_DELAY: u64 = 3_600;

pub(super) const COMMANDS: &[Command] = &[
    Command {
        node: "http://jabber.org/protocol/admin#announce",
        name: "Announce something to everybody online",
        form: |_| {
            words(
                "Announce something to everybody online",
                "announcement",
                None,
            )
        },
        run: |asked, form| Box::pin(std::future::ready(announce(asked, &form))),
        ..Command::ADMIN
    },
    Command {
        node: "http://jabber.org/protocol/admin#set-motd",
        name: "Set the message of the day",
        form: |_| words("Set the message of the day", "motd", None),
        run: |asked, form| Box::pin(set_motd(asked, form, false)),
        ..Command::ADMIN
    },
    Command {
        node: "http://jabber.org/protocol/admin#edit-motd",
        name: "Change the message of the day",
        form: |asked| {
            let motd = asked.server.commands.motd();
            words("Change the message of the day", "motd", motd)
        },
        run: |asked, form| Box::pin(set_motd(asked, form, true)),
        ..Command::ADMIN
    },
    Command {
        node: "http://jabber.org/protocol/admin#delete-motd",
        name: "Remove the message of the day",
        run: |asked, _| {
            Box::pin(async move {
                people::set_motd(asked.server, None).await?;
                Ok(Done::default())
            })
        },
        ..Command::ADMIN
    },
    Command {
        node: "http://jabber.org/protocol/admin#shutdown",
        name: "Stop the server",
        offered: |server, is_admin| is_admin && server.config.allow_shutdown,
        form: |_| Box::pin(std::future::ready(Ok(Some(shutdown_form())))),
        later: &[],
        run: |asked, form| Box::pin(std::future::ready(shutdown(asked, &form))),
    },
];

fn words<'a>(
    title: &str,
    name: &str,
    motd: Option<Motd>,
) -> super::Work<'a, Result<Option<Element>, StoreError>> {
    let text = motd.map(|motd| motd.text).unwrap_or_default();
    let form = Form::new("form", ns::ADMIN).title(title);
    let form = match text.is_empty() {
        true => form.required(name, "text-multi", "Text"),
        false => form.field(name, "text-multi", Some("Text"), text.lines()),
    };
    Box::pin(std::future::ready(Ok(Some(form.done()))))
}

fn shutdown_form() -> Element {
    let delays = [
        ("0", "At once"),
        ("30", "30 seconds"),
        ("60", "60 seconds"),
        ("90", "90 seconds"),
        ("120", "2 minutes"),
        ("180", "3 minutes"),
        ("240", "4 minutes"),
        ("300", "5 minutes"),
    ];
    let none: [&str; 0] = [];
    Form::new("form", ns::ADMIN)
        .title("Stop the server")
        .choice("delay", "list-single", Some("When"), ["30"], &delays)
        .field("announcement", "text-multi", Some("Announcement"), none)
        .done()
}

/// The lines of a field as one text.
fn text(form: &Filled, name: &str) -> Result<String, Failed> {
    let text = form.all(name).unwrap_or_default().join("\n");
    match text.trim() {
        "" => Err(Failed::Note("the text is empty".to_owned())),
        text if text.chars().count() > MAX_TEXT => {
            Err(Failed::Note("the text is too long".to_owned()))
        }
        text => Ok(text.to_owned()),
    }
}

fn tell_everybody(server: &Server, text: &str) {
    for (user, _) in server.router.online() {
        people::announce(server, &user, text);
    }
}

fn announce(asked: Asked<'_>, form: &Filled) -> Outcome {
    tell_everybody(asked.server, &text(form, "announcement")?);
    Ok(Done::default())
}

/// A new one is shown to everybody; one that was changed is not shown again.
async fn set_motd(asked: Asked<'_>, form: Filled, is_edit: bool) -> Outcome {
    let server = asked.server;
    let text = text(&form, "motd")?;
    let old = server.commands.motd().filter(|_| is_edit);
    let is_new = old.is_none();
    let id = match old {
        Some(old) => old.id,
        None => clock::random_id().map_err(|_| {
            Failed::Stanza(xmpp_core::stanza_error::Condition::InternalServerError.into())
        })?,
    };
    people::set_motd(server, Some(Motd { id, text })).await?;
    if is_new {
        for (user, _) in server.router.online() {
            people::greet(server, &user).await;
        }
    }
    Ok(Done::default())
}

fn shutdown(asked: Asked<'_>, form: &Filled) -> Outcome {
    let delay = form.first("delay").unwrap_or("0").trim();
    let delay: u64 = delay
        .parse()
        .map_err(|_| Failed::Note("the delay is no number of seconds".to_owned()))?;
    if let Ok(text) = text(form, "announcement") {
        tell_everybody(asked.server, &text);
    }
    tracing::info!(by = asked.user, delay, "the server is to stop");
    let server = Arc::clone(asked.server);
    let tasks = server.tasks.clone();
    tasks.spawn(async move {
        let delay = Duration::from_secs(delay.min(MAX_DELAY));
        tokio::select! {
            () = server.stopping.cancelled() => {}
            () = tokio::time::sleep(delay) => server.stop_wanted.cancel(),
        }
    });
    Ok(Done::default())
}
