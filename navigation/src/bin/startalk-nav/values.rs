//! Values on the command line that are checked where they are read: a document with a
//! wrong one would be signed, and nobody would notice.

use navigation::{
    PolicyError, Preview, UPDATE_CHANNEL, is_update_channel, update_url, update_version,
};
use startalk_navigation as navigation;

pub(crate) fn preview(text: &str) -> Result<Preview, &'static str> {
    match text {
        "name" => Ok(Preview::Name),
        "nothing" => Ok(Preview::Nothing),
        _ => Err("name or nothing"),
    }
}

pub(crate) fn updates_url(text: &str) -> Result<String, PolicyError> {
    match update_url(text, UPDATE_CHANNEL) {
        Some(_) => Ok(text.to_owned()),
        None => Err(PolicyError::Url),
    }
}

pub(crate) fn updates_channel(text: &str) -> Result<String, PolicyError> {
    match is_update_channel(text) {
        true => Ok(text.to_owned()),
        false => Err(PolicyError::Channel),
    }
}

pub(crate) fn updates_up_to(text: &str) -> Result<String, PolicyError> {
    match update_version(text) {
        Some(_) => Ok(text.to_owned()),
        None => Err(PolicyError::Version),
    }
}
