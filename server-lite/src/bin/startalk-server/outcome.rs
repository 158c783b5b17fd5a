//! What a command says at its end: an exit code, and an answer for people or
//! for programs.

use serde::Serialize;
use server_lite::admin::AdminError;
use server_lite::exchange::ExchangeError;
use server_lite::safekeeping::SafekeepingError;
use server_lite::{AccountError, ConfigError, StartError, StoreError};
use startalk_server_lite as server_lite;

/// Refused or failed.
const FAILED: u8 = 1;
/// Wrong usage or configuration; also what the parser of arguments says.
const USAGE: u8 = 2;
/// No such account, invite, file or folder.
const NOT_FOUND: u8 = 3;
/// It is there already.
const EXISTS: u8 = 4;
/// A port or a folder is in use.
const IN_USE: u8 = 5;
/// Damaged, or written by a later version.
const DAMAGED: u8 = 6;

/// The check has found something.
#[derive(Debug, thiserror::Error)]
#[error("{0} found")]
pub(crate) struct Problems(pub(crate) String);

/// The exit code of an error.
pub(crate) fn code(error: &anyhow::Error) -> u8 {
    error.chain().find_map(known).unwrap_or(FAILED)
}

fn known(error: &(dyn std::error::Error + 'static)) -> Option<u8> {
    if let Some(error) = error.downcast_ref::<StoreError>() {
        return Some(store(error));
    }
    if let Some(error) = error.downcast_ref::<AccountError>() {
        return Some(account(error));
    }
    if let Some(error) = error.downcast_ref::<AdminError>() {
        return Some(match error {
            AdminError::NoFolder { .. } => NOT_FOUND,
            AdminError::Store(error) => store(error),
            AdminError::Account(error) => account(error),
            AdminError::NeverStarted { .. } => FAILED,
        });
    }
    if let Some(error) = error.downcast_ref::<StartError>() {
        return Some(match error {
            StartError::PortInUse { .. } | StartError::AlreadyRunning { .. } => IN_USE,
            StartError::Store(error) => store(error),
            StartError::Key { .. } => DAMAGED,
            StartError::OtherDomain { .. }
            | StartError::Domain { .. }
            | StartError::AddressNotAvailable { .. } => USAGE,
            _ => FAILED,
        });
    }
    if let Some(error) = error.downcast_ref::<SafekeepingError>() {
        return Some(match error {
            SafekeepingError::NotFound { .. } | SafekeepingError::NoFolder { .. } => NOT_FOUND,
            SafekeepingError::Exists { .. } => EXISTS,
            SafekeepingError::InUse { .. } => IN_USE,
            SafekeepingError::Damaged { .. } | SafekeepingError::Newer { .. } => DAMAGED,
            SafekeepingError::Store(error) => store(error),
            _ => FAILED,
        });
    }
    if let Some(error) = error.downcast_ref::<ExchangeError>() {
        return Some(match error {
            ExchangeError::NotFound { .. } | ExchangeError::NoFolder { .. } => NOT_FOUND,
            ExchangeError::Exists { .. } => EXISTS,
            ExchangeError::NotUsable { .. } => DAMAGED,
            ExchangeError::Store(error) => store(error),
            _ => FAILED,
        });
    }
    if error.is::<ConfigError>() {
        return Some(USAGE);
    }
    error.is::<Problems>().then_some(DAMAGED)
}

fn account(error: &AccountError) -> u8 {
    match error {
        AccountError::NameTaken => EXISTS,
        AccountError::NotFound | AccountError::InviteNotValid => NOT_FOUND,
        AccountError::Store(error) => store(error),
        _ => FAILED,
    }
}

fn store(error: &StoreError) -> u8 {
    match error {
        StoreError::Damaged { .. } | StoreError::Newer { .. } => DAMAGED,
        _ => FAILED,
    }
}

/// Says an answer: as JSON, or as people read it.
pub(crate) fn say<T: Serialize>(
    json: bool,
    value: &T,
    text: impl FnOnce(&T) -> String,
) -> anyhow::Result<()> {
    let line = match json {
        true => serde_json::to_string(value)?,
        false => text(value),
    };
    if !line.is_empty() {
        println!("{line}");
    }
    Ok(())
}

/// An error with its causes, those left out that it has told by itself.
fn sentence(error: &anyhow::Error) -> String {
    let mut text = String::new();
    for cause in error.chain().map(ToString::to_string) {
        if text.is_empty() {
            text = cause;
        } else if !text.ends_with(&cause) {
            text = format!("{text}: {cause}");
        }
    }
    text
}

/// Says an error; gives the exit code.
#[expect(clippy::print_stderr, reason = "errors of a command-line tool")]
pub(crate) fn say_error(json: bool, error: &anyhow::Error) -> u8 {
    let code = code(error);
    let text = sentence(error);
    match json {
        true => eprintln!("{}", serde_json::json!({ "error": text, "code": code })),
        false => eprintln!("startalk-server: {text}"),
    }
    code
}
