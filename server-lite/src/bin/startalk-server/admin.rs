//! `startalk-server user …` and `startalk-server invite …`.

use std::io::{BufRead, IsTerminal};
use std::path::Path;
use std::time::Duration;

use anyhow::Context;
use server_lite::admin::Admin;
use startalk_server_lite as server_lite;

use crate::args::{Folder, InviteCommand, UserCommand};
use crate::outcome::say;

const DAY: Duration = Duration::from_secs(24 * 3600);

pub(crate) async fn open(data: &Path) -> anyhow::Result<Admin> {
    let data = data.to_owned();
    Ok(tokio::task::spawn_blocking(move || Admin::open(&data)).await??)
}

/// The first line of standard input; somebody at a terminal is told so.
#[expect(clippy::print_stderr, reason = "a question to somebody at a terminal")]
fn password() -> anyhow::Result<String> {
    if std::io::stdin().is_terminal() {
        eprintln!("Password (it is shown while you type):");
    }
    let mut line = String::new();
    let read = std::io::stdin()
        .lock()
        .read_line(&mut line)
        .context("the password could not be read from standard input")?;
    anyhow::ensure!(read > 0, "the password has to come on standard input");
    Ok(line.trim_end_matches(['\r', '\n']).to_owned())
}

pub(crate) async fn user(command: UserCommand, folder: &Folder) -> anyhow::Result<()> {
    let admin = open(&folder.data).await?;
    let done = user_command(&admin, command, folder.json).await;
    admin.close().await;
    done
}

async fn user_command(admin: &Admin, command: UserCommand, json: bool) -> anyhow::Result<()> {
    match command {
        UserCommand::Add { name, user } => {
            let account = admin.add_user(&name, user.as_deref(), &password()?).await?;
            say(json, &account, |account| {
                format!("{} ({})", account.user, account.name)
            })
        }
        UserCommand::List => {
            let users = admin.users().await?;
            say(json, &users, |users| {
                let lines = users
                    .iter()
                    .map(|one| format!("{}\t{}", one.user, one.name));
                lines.collect::<Vec<_>>().join("\n")
            })
        }
        UserCommand::Passwd { name } => {
            admin.set_password(&name, &password()?).await?;
            done(json)
        }
        UserCommand::Department { name, path } => {
            admin.set_department(&name, &path).await?;
            done(json)
        }
        UserCommand::Manager { name, manager } => {
            admin.set_manager(&name, &manager).await?;
            done(json)
        }
        UserCommand::Admin { name, off } => {
            admin.set_admin(&name, !off).await?;
            done(json)
        }
        UserCommand::Disable { name } => {
            admin.set_disabled(&name, true).await?;
            done(json)
        }
        UserCommand::Enable { name } => {
            admin.set_disabled(&name, false).await?;
            done(json)
        }
        UserCommand::Remove { name } => {
            admin.remove_user(&name).await?;
            done(json)
        }
    }
}

pub(crate) async fn invite(command: InviteCommand, folder: &Folder) -> anyhow::Result<()> {
    let admin = open(&folder.data).await?;
    let done = invite_command(&admin, command, folder.json).await;
    admin.close().await;
    done
}

async fn invite_command(admin: &Admin, command: InviteCommand, json: bool) -> anyhow::Result<()> {
    match command {
        InviteCommand::Create { once, days, by } => {
            let uses = once.then_some(1);
            let invite = admin
                .create_invite_link(by.as_deref(), DAY * days, uses)
                .await?;
            say(json, &invite, |invite| invite.link.clone())
        }
        InviteCommand::List => {
            let invites = admin.invites().await?;
            say(json, &invites, |invites| {
                let lines = invites.iter().map(|invite| {
                    let uses = invite
                        .uses_left
                        .map_or_else(|| "any number".to_owned(), |uses| uses.to_string());
                    let by = invite.inviter.as_deref().unwrap_or_default();
                    format!("{}\tuses left: {uses}\t{by}", invite.label)
                });
                lines.collect::<Vec<_>>().join("\n")
            })
        }
        InviteCommand::Revoke { label } => {
            admin.revoke_invite(&label).await?;
            done(json)
        }
    }
}

/// Done, with nothing to tell.
fn done(json: bool) -> anyhow::Result<()> {
    say(json, &serde_json::json!({}), |_| String::new())
}
