//! What is done with a whole data folder: `status`, `check`, `backup`,
//! `restore`, `export`, `import`.

use std::path::PathBuf;

use anyhow::Context;
use server_lite::{exchange, safekeeping};
use startalk_server_lite as server_lite;

use crate::args::{Dialect, Folder, NewFolder};
use crate::outcome::{Problems, say};

/// Runs what blocks where it may.
async fn blocking<T: Send + 'static, E: Into<anyhow::Error> + Send + 'static>(
    work: impl FnOnce() -> Result<T, E> + Send + 'static,
) -> anyhow::Result<T> {
    let done = tokio::task::spawn_blocking(work).await;
    done.context("the work ended early")?.map_err(Into::into)
}

fn or_dash(value: Option<impl std::fmt::Display>) -> String {
    value.map_or_else(|| "-".to_owned(), |value| value.to_string())
}

pub(crate) async fn status(folder: Folder) -> anyhow::Result<()> {
    let status = blocking(move || safekeeping::status(&folder.data)).await?;
    say(folder.json, &status, |status| {
        let server = match &status.running {
            Some(running) => format!(
                "runs as process {}, http {}, tcp {}, {} people online\npin of its key: {}",
                running.pid,
                running.http,
                or_dash(running.tcp),
                running.people_online,
                or_dash(running.pin)
            ),
            None => "does not run".to_owned(),
        };
        format!(
            "{} ({})\nserver: {server}\naccounts: {}\nrooms: {}\nmessages in archives: {}\nmessages that wait for their readers: {}\n\
             invites: {}\ndatabase: {} bytes",
            status.domain,
            status.team,
            status.accounts,
            status.rooms,
            status.messages,
            status.messages_waiting,
            status.invites,
            status.database_bytes
        )
    })
}

pub(crate) async fn check(folder: Folder) -> anyhow::Result<()> {
    let checked = blocking(move || safekeeping::check(&folder.data)).await?;
    say(folder.json, &checked, |checked| {
        let mut lines: Vec<String> = checked
            .problems
            .iter()
            .map(|problem| format!("{}: {}", problem.kind, problem.text))
            .collect();
        for path in &checked.orphans {
            lines.push(format!("belongs to nobody: {}", path.display()));
        }
        if checked.ok {
            lines.push(format!(
                "good: {} accounts, {} rooms, {} messages, {} files",
                checked.accounts, checked.rooms, checked.messages, checked.files
            ));
        }
        lines.join("\n")
    })?;
    match checked.problems.len() {
        0 => Ok(()),
        1 => Err(Problems("one problem was".to_owned()).into()),
        count => Err(Problems(format!("{count} problems were")).into()),
    }
}

pub(crate) async fn backup(file: PathBuf, force: bool, folder: Folder) -> anyhow::Result<()> {
    let shown = file.display().to_string();
    let done = blocking(move || safekeeping::backup(&folder.data, &file, force)).await?;
    say(folder.json, &done, |done| {
        format!(
            "{shown}: {} files, {} bytes of {}",
            done.files, done.bytes, done.domain
        )
    })
}

pub(crate) async fn restore(file: PathBuf, force: bool, folder: NewFolder) -> anyhow::Result<()> {
    let shown = folder.data.display().to_string();
    let done = blocking(move || safekeeping::restore(&file, &folder.data, force)).await?;
    say(folder.json, &done, |done| {
        let mut text = format!("{shown}: {} files of {}", done.files, done.domain);
        if let Some(place) = &done.moved_aside {
            text.push_str(&format!("\nwhat was there is in {}", place.display()));
        }
        text
    })
}

pub(crate) async fn export(
    file: PathBuf,
    dialect: Dialect,
    force: bool,
    folder: Folder,
) -> anyhow::Result<()> {
    let dialect = match dialect {
        Dialect::Standard => exchange::Dialect::Standard,
        Dialect::Ejabberd => exchange::Dialect::Ejabberd,
        Dialect::Prosody => exchange::Dialect::Prosody,
    };
    let shown = file.display().to_string();
    let done = blocking(move || exchange::export(&folder.data, &file, dialect, force)).await?;
    say(folder.json, &done, |done| {
        format!(
            "{shown}: {} accounts, {} rooms and {} messages of {}",
            done.users, done.rooms, done.messages, done.domain
        )
    })
}

pub(crate) async fn import(
    file: PathBuf,
    domain: Option<String>,
    folder: NewFolder,
) -> anyhow::Result<()> {
    let done = blocking(move || exchange::import(&folder.data, &file, domain.as_deref())).await?;
    say(folder.json, &done, |done| {
        let mut lines = vec![format!(
            "{}: {} accounts added, {} there before, {} rooms and {} messages added",
            done.domain, done.users_added, done.users_known, done.rooms_added, done.messages_added
        )];
        let lists = [
            ("need a password", &done.without_password),
            ("cannot be names here", &done.users_refused),
            ("other domains, left out", &done.other_domains),
            ("kinds of data, left out", &done.not_taken),
        ];
        for (what, names) in lists {
            if !names.is_empty() {
                let names: Vec<&str> = names.iter().map(String::as_str).collect();
                lines.push(format!("{what}: {}", names.join(", ")));
            }
        }
        if done.messages_refused > 0 {
            lines.push(format!(
                "messages that cannot be read: {}",
                done.messages_refused
            ));
        }
        lines.join("\n")
    })
}
