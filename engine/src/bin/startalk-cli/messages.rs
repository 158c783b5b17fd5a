//! Messages in a terminal: to read, to send, to change.

use std::time::Duration;

use anyhow::{Context, bail};
use startalk_engine::api::{
    DeliveryState, Direction, ErrorCode, MentionInput, MessageDetails, MessageRequest, MessageView,
    Request, Response, WindowAnchor,
};

use startalk_engine::{Engine, EventStream};

use crate::args::{Cli, MessageCommand};
use crate::commands::{ask, odd, show};

/// How long a change may take to reach the server.
const WAIT_SECONDS: u64 = 15;

/// A message on one or more lines, with its number.
pub(crate) fn line(message: &MessageView) -> String {
    if let Some(event) = &message.event {
        let by = event.by.as_ref().map(|by| format!(" by {by}"));
        let (what, by) = (event.what, by.unwrap_or_default());
        let line = format!(
            "{}\t* {} {what:?}{by} {}",
            message.id, event.who, event.text
        );
        return line.trim_end().to_owned();
    }
    let mark = match message.direction {
        Direction::Incoming => "<",
        Direction::Outgoing => ">",
    };
    let mut text = format!("{}\t{mark} {}: ", message.id, message.author_name);
    if let Some(reply) = &message.reply {
        let first = reply.excerpt.lines().next().unwrap_or_default();
        text.push_str(&format!("[to {}: {first}] ", reply.author_name));
    }
    match &message.retracted {
        Some(retracted) if retracted.by.is_some() => text.push_str("(removed by a moderator)"),
        Some(_) => text.push_str("(taken back)"),
        None => text.push_str(&message.text),
    }
    for file in &message.attachments {
        let url = file.url.as_deref().unwrap_or_default();
        text.push_str(&format!(" [file {} {url}]", file.name));
    }
    if message.edited_ms.is_some() {
        text.push_str(" (edited)");
    }
    for reaction in &message.reactions {
        text.push_str(&format!(" {}{}", reaction.emoji, reaction.count));
    }
    if let Some(DeliveryState::Failed { code }) = &message.delivery {
        text.push_str(&format!(" (failed: {code:?})"));
    }
    text
}

/// The newest messages of a conversation.
pub(crate) async fn newest(
    engine: &Engine,
    account: &str,
    address: &str,
    limit: u32,
) -> anyhow::Result<Vec<MessageView>> {
    let request = Request::Messages {
        account: account.to_owned(),
        conversation: address.to_owned(),
        anchor: WindowAnchor::Latest,
        limit,
    };
    match ask(engine, request).await? {
        Response::Messages(window) => Ok(window.messages),
        _ => odd(),
    }
}

/// Where the text names people, from words such as `Bob=bob@team.example`.
pub(crate) fn mentions(text: &str, named: &[String]) -> anyhow::Result<Vec<MentionInput>> {
    named
        .iter()
        .map(|word| {
            let (name, address) = word
                .split_once('=')
                .with_context(|| format!("{word}: NAME=ADDRESS is wanted"))?;
            let shown = format!("@{name}");
            let (before, _) = text
                .split_once(&shown)
                .with_context(|| format!("the text does not say {shown}"))?;
            let units = |text: &str| u32::try_from(text.encode_utf16().count());
            let start = units(before)?;
            Ok(MentionInput {
                start,
                end: start + units(&shown)?,
                address: address.to_owned(),
            })
        })
        .collect()
}

/// Sends, and waits until the server has it.
pub(crate) async fn send(
    engine: &Engine,
    cli: &Cli,
    account: &str,
    request: Request,
    wait: u64,
) -> anyhow::Result<()> {
    let mut events = engine.subscribe();
    let Response::Message(id) = ask(engine, request).await? else {
        return odd();
    };
    settle(engine, &mut events, account, id, wait).await?;
    show(cli, &id, || format!("sent as message {id}"))
}

/// Waits until nothing about a message is in the outbox any more.
async fn settle(
    engine: &Engine,
    events: &mut EventStream,
    account: &str,
    message: i64,
    wait: u64,
) -> anyhow::Result<()> {
    let settled = async {
        loop {
            let request = MessageRequest::Details {
                account: account.to_owned(),
                message,
            };
            match engine.handle(Request::Message(request)).await {
                Ok(Response::MessageDetails(found)) => match found.message.delivery {
                    Some(DeliveryState::Failed { code }) => bail!("refused: {code:?}"),
                    _ if !found.waits => return Ok(()),
                    _ => {}
                },
                // It had not gone yet, and was removed.
                Err(error) if error.code == ErrorCode::NotFound => return Ok(()),
                _ => return odd(),
            }
            if events.next().await.is_none() {
                bail!("the engine was closed");
            }
        }
    };
    match tokio::time::timeout(Duration::from_secs(wait), settled).await {
        Ok(done) => done,
        Err(_) => bail!("still in the outbox; it will be sent with the next connection"),
    }
}

async fn details(engine: &Engine, account: &str, message: i64) -> anyhow::Result<MessageDetails> {
    let account = account.to_owned();
    let request = MessageRequest::Details { account, message };
    match ask(engine, Request::Message(request)).await? {
        Response::MessageDetails(details) => Ok(*details),
        _ => odd(),
    }
}

/// Changes one message, or looks into it.
pub(crate) async fn run(
    engine: &Engine,
    cli: &Cli,
    account: String,
    command: &MessageCommand,
) -> anyhow::Result<()> {
    if let MessageCommand::Details { message } = command {
        let found = details(engine, &account, *message).await?;
        return show(cli, &found, || described(&found));
    }
    let waits_for = match command {
        MessageCommand::Edit { message, .. }
        | MessageCommand::Retract { message }
        | MessageCommand::React { message, .. }
        | MessageCommand::Retry { message } => Some(*message),
        _ => None,
    };
    let owner = account.clone();
    let mut events = engine.subscribe();
    let answer = ask(engine, request(account, command)).await?;
    let sent = match answer {
        Response::Message(id) => Some(id),
        _ => waits_for,
    };
    if let Some(message) = sent {
        settle(engine, &mut events, &owner, message, WAIT_SECONDS).await?;
    }
    match answer {
        Response::Message(id) => show(cli, &id, || format!("sent as message {id}")),
        _ => show(cli, &true, || "done".to_owned()),
    }
}

fn request(account: String, command: &MessageCommand) -> Request {
    let message = match command {
        MessageCommand::Details { message } => MessageRequest::Details {
            account,
            message: *message,
        },
        MessageCommand::Edit { message, text } => MessageRequest::Edit {
            account,
            message: *message,
            text: text.clone(),
            mentions: Vec::new(),
        },
        MessageCommand::Retract { message } => MessageRequest::Retract {
            account,
            message: *message,
        },
        MessageCommand::React { message, emojis } => MessageRequest::React {
            account,
            message: *message,
            emojis: emojis.clone(),
        },
        MessageCommand::Forward { message, address } => MessageRequest::Forward {
            account,
            message: *message,
            conversation: address.clone(),
        },
        MessageCommand::Retry { message } => {
            return Request::RetryMessage {
                account,
                message: *message,
            };
        }
        MessageCommand::Delete { message } => {
            return Request::DeleteMessage {
                account,
                message: *message,
            };
        }
    };
    Request::Message(message)
}

fn described(found: &MessageDetails) -> String {
    let mut text = line(&found.message);
    let time = |ms: Option<i64>| ms.map_or_else(|| "-".to_owned(), moment);
    for person in &found.deliveries {
        let (delivered, read) = (time(person.delivered_ms), time(person.read_ms));
        text.push_str(&format!(
            "\n{}: delivered {delivered}, read {read}",
            person.name
        ));
    }
    for version in &found.versions {
        text.push_str(&format!(
            "\nsaid from {}: {}",
            moment(version.time_ms),
            version.text
        ));
    }
    text
}

fn moment(ms: i64) -> String {
    xmpp_core::datetime::format_ms(ms)
}
