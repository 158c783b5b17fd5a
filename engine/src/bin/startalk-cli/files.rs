//! Files in a terminal: to send, to fetch, to find.

use std::path::{Path, PathBuf};

use anyhow::Context;
use clap::{Subcommand, ValueEnum};
use startalk_engine::Engine;
use startalk_engine::api::{FileFilter, FileRequest, FileSource, Request, Response, SaveTo};

use crate::args::Cli;
use crate::commands::{account, ask, odd, show};
use crate::messages;

/// Files go by the number of their message, as `read` and `files` show it.
#[derive(Subcommand)]
pub(crate) enum FileCommand {
    /// Sends a file; it waits in the outbox if there is no connection.
    SendFile {
        /// Address of the contact or room.
        address: String,
        /// The file.
        file: PathBuf,
        /// What is said with it.
        #[arg(long, default_value = "")]
        caption: String,
        /// The number of the message that it answers, as `read` shows it.
        #[arg(long)]
        reply_to: Option<i64>,
        /// Wait so many seconds until the server has it.
        #[arg(long, default_value_t = 600)]
        wait: u64,
    },
    /// Fetches a file into the encrypted cache, and writes it where it is wanted.
    Fetch {
        /// Number of the message.
        message: i64,
        /// Which of its files, from 0.
        #[arg(long, default_value_t = 0)]
        index: u32,
        /// A file to be written, or a folder in which it gets its own name.
        #[arg(long)]
        to: Option<PathBuf>,
    },
    /// Lists files, newest first.
    Files {
        /// Only of this contact or room.
        address: Option<String>,
        /// Only of this kind.
        #[arg(long)]
        kind: Option<Kind>,
        /// What has to be in the name, the description or the caption.
        #[arg(long, default_value = "")]
        text: String,
        /// How many.
        #[arg(long, default_value_t = 50)]
        limit: u32,
    },
    /// Shows what is on its way to the server.
    Transfers,
    /// Tries all messages again that failed.
    RetryAll,
}

/// Kinds of files.
#[derive(Clone, Copy, ValueEnum)]
pub(crate) enum Kind {
    Pictures,
    Media,
    Documents,
}

pub(crate) async fn run(engine: &Engine, cli: &Cli, command: &FileCommand) -> anyhow::Result<()> {
    let account = account(engine, cli).await?;
    match command {
        FileCommand::SendFile {
            address,
            file,
            caption,
            reply_to,
            wait,
        } => {
            let request = FileRequest::Send {
                account: account.clone(),
                conversation: address.clone(),
                source: FileSource::Path {
                    path: absolute(file)?,
                },
                name: None,
                media_type: None,
                width: None,
                height: None,
                caption: caption.clone(),
                reply_to: *reply_to,
                mentions: Vec::new(),
            };
            messages::send(engine, cli, &account, Request::Files(request), *wait).await
        }
        FileCommand::Fetch {
            message,
            index,
            to: None,
        } => {
            let request = FileRequest::Fetch {
                account,
                message: *message,
                index: *index,
                automatic: false,
            };
            ask(engine, Request::Files(request)).await?;
            show(cli, &true, || "fetched".to_owned())
        }
        FileCommand::Fetch {
            message,
            index,
            to: Some(to),
        } => {
            let path = absolute(to)?;
            let request = FileRequest::Save {
                account,
                message: *message,
                index: *index,
                to: if to.is_dir() {
                    SaveTo::Folder { path }
                } else {
                    SaveTo::File { path }
                },
            };
            let Response::Saved(path) = ask(engine, Request::Files(request)).await? else {
                return odd();
            };
            show(cli, &path, || path.clone())
        }
        FileCommand::Files {
            address,
            kind,
            text,
            limit,
        } => list(engine, cli, account, (address, *kind), (text, *limit)).await,
        FileCommand::Transfers => {
            let request = Request::Files(FileRequest::Transfers { account });
            let Response::Transfers(all) = ask(engine, request).await? else {
                return odd();
            };
            all.iter().try_for_each(|transfer| {
                show(cli, transfer, || {
                    format!(
                        "{}\t{}\t{:?} {:?}\t{} of {} bytes",
                        transfer.message,
                        transfer.conversation,
                        transfer.direction,
                        transfer.state,
                        transfer.done_bytes,
                        transfer.total_bytes.unwrap_or_default()
                    )
                })
            })
        }
        FileCommand::RetryAll => {
            let request = Request::Files(FileRequest::RetryAll { account });
            ask(engine, request).await.map(drop)
        }
    }
}

async fn list(
    engine: &Engine,
    cli: &Cli,
    account: String,
    (address, kind): (&Option<String>, Option<Kind>),
    (text, limit): (&str, u32),
) -> anyhow::Result<()> {
    let request = FileRequest::List {
        account,
        conversation: address.clone(),
        kind: match kind {
            None => FileFilter::All,
            Some(Kind::Pictures) => FileFilter::Pictures,
            Some(Kind::Media) => FileFilter::Media,
            Some(Kind::Documents) => FileFilter::Documents,
        },
        text: text.to_owned(),
        before: None,
        limit,
    };
    let Response::FilePage(page) = ask(engine, Request::Files(request)).await? else {
        return odd();
    };
    page.files.iter().try_for_each(|row| {
        show(cli, row, || {
            format!(
                "{}\t{}\t{}\t{}\t{} bytes\t{:?}",
                row.message,
                row.index,
                row.author_name,
                row.file.name,
                row.file.size_bytes.unwrap_or_default(),
                row.file.state
            )
        })
    })
}

fn absolute(path: &Path) -> anyhow::Result<String> {
    let path = std::path::absolute(path)?;
    let text = path.to_str().context("this path is not text")?;
    Ok(text.to_owned())
}
