//! What is decided about a conversation, and what becomes of its messages.

use std::path::Path;

use anyhow::Context;
use startalk_engine::api::{
    ConversationRequest, ExportFormat, ExportLabels, NotifyLevel, Request, Response,
};
use startalk_engine::{Clock, Engine};

use crate::args::{Cli, Decision};
use crate::commands::{account, ask, odd, show};

pub(crate) async fn decide(
    engine: &Engine,
    cli: &Cli,
    address: &str,
    what: &Decision,
) -> anyhow::Result<()> {
    use ConversationRequest as Ask;
    let (account, conversation) = (account(engine, cli).await?, address.to_owned());
    let request = match what {
        Decision::Mute { mentions, hours } => Ask::SetNotify {
            account,
            conversation,
            notify: if *mentions {
                NotifyLevel::Mentions
            } else {
                NotifyLevel::None
            },
            until_ms: hours.map(in_hours),
        },
        Decision::Unmute => Ask::SetNotify {
            account,
            conversation,
            notify: NotifyLevel::All,
            until_ms: None,
        },
        Decision::Pin { place } => Ask::Pin {
            account,
            conversation,
            place: *place,
        },
        Decision::Unpin => Ask::Unpin {
            account,
            conversation,
        },
        Decision::Archive | Decision::Unarchive => Ask::Archive {
            account,
            conversation,
            archived: matches!(what, Decision::Archive),
        },
        Decision::MarkUnread { from } => Ask::MarkUnread {
            account,
            conversation,
            from: *from,
        },
        Decision::Clear => Ask::ClearCache {
            account,
            conversation,
        },
        Decision::Remove => Ask::Remove {
            account,
            conversation,
        },
    };
    ask(engine, Request::Conversation(request)).await.map(drop)
}

/// That many hours from now, in milliseconds since the Unix epoch.
fn in_hours(hours: u32) -> i64 {
    Clock::default().now_ms() + i64::from(hours) * 3_600_000
}

pub(crate) async fn export(
    engine: &Engine,
    cli: &Cli,
    address: &str,
    file: &Path,
    time_zone: &str,
) -> anyhow::Result<()> {
    let is_page = file
        .extension()
        .is_some_and(|extension| extension.eq_ignore_ascii_case("html"));
    let path = std::path::absolute(file)?;
    let request = ConversationRequest::Export {
        account: account(engine, cli).await?,
        conversation: address.to_owned(),
        format: if is_page {
            ExportFormat::Html
        } else {
            ExportFormat::Json
        },
        path: path.to_str().context("this path is not text")?.to_owned(),
        labels: labels(time_zone),
    };
    let Response::Exported(exported) = ask(engine, Request::Conversation(request)).await? else {
        return odd();
    };
    show(cli, &exported, || {
        format!(
            "{} messages and {} files in {}{}",
            exported.messages,
            exported.files,
            exported.path,
            if exported.is_partial {
                "; older ones are on the server only"
            } else {
                ""
            }
        )
    })
}

fn labels(time_zone: &str) -> ExportLabels {
    ExportLabels {
        language: "en".to_owned(),
        time_zone: time_zone.to_owned(),
        exported: "Exported on".to_owned(),
        edited: "edited".to_owned(),
        retracted: "taken back".to_owned(),
        not_sent: "not sent".to_owned(),
        file: "file".to_owned(),
    }
}

pub(crate) async fn storage(engine: &Engine, cli: &Cli) -> anyhow::Result<()> {
    let request = ConversationRequest::Storage {
        account: account(engine, cli).await?,
    };
    let Response::Storage(storage) = ask(engine, Request::Conversation(request)).await? else {
        return odd();
    };
    show(cli, &storage, || {
        format!(
            "{} messages in {} conversations: {} bytes, {} of them in use\n{} files: {} bytes",
            storage.messages,
            storage.conversations,
            storage.cache_bytes,
            storage.used_bytes,
            storage.files,
            storage.file_bytes
        )
    })
}
