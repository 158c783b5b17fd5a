//! Where a server is: from what a person typed, pasted or opened to a
//! [`ServerTarget`] that a client can reach.
//!
//! Pure: no network, no clock (times are passed in), no Tauri. Everything that
//! comes in is hostile until it is parsed: limits first, typed errors always.
//!
//! * [`NavigationInput`]: any text that a person may paste
//! * [`Invite`]: a link that makes an account
//! * [`SignedDocument`], [`NavigationDocument`]: a signed description of a server
//! * [`NavigationLink`]: a link that holds such a document or says where it is
//! * [`qr_svg`], [`qr_text`]: the same as a picture

#![cfg_attr(test, allow(clippy::string_slice, reason = "tests cut ASCII links"))]

mod authority;
mod document;
mod input;
mod invite;
mod link;
mod policy;
mod qr;
mod target;
mod words;

pub use authority::Authority;
pub use document::{
    DocumentError, IssuerKey, MAX_DOCUMENT_BYTES, NavigationDocument, SignedDocument, SigningKey,
    without_mark,
};
pub use input::{InputError, MAX_INPUT_BYTES, NavigationInput};
pub use invite::Invite;
pub use link::{FetchedFrom, NavigationLink};
pub use policy::{
    Policy, PolicyError, Preview, UPDATE_CHANNEL, UpdatePolicy, is_update_channel, update_url,
    update_version,
};
pub use qr::{QrError, qr_svg, qr_text};
pub use target::{Endpoint, ServerTarget, SpkiPin, TargetError, Transport, Trust};
