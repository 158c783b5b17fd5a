//! XEP-0363: where a file can be uploaded to. The bytes come in over HTTP
//! (`http/upload.rs`).

use xmpp_core::element::build;
use xmpp_core::stanza_error::{Condition, StanzaError};
use xmpp_core::{Element, datetime, ns};

use super::{Module, Outcome, Place, Request, whole};
use crate::clock;
use crate::disk;
use crate::files::names;
use crate::form::Form;
use crate::server::Server;
use crate::store::files::{self, NewUpload, Quota, Slot};

/// Features for what a file is uploaded for.
const MESSAGE: &str = "urn:xmpp:http:upload:purpose:0#message";
const PROFILE: &str = "urn:xmpp:http:upload:purpose:0#profile";
const EPHEMERAL: &str = "urn:xmpp:http:upload:purpose:0#ephemeral";

pub(crate) const MODULE: Module = Module {
    specs: &[whole("XEP-0363", "Upload over HTTP")],
    server_features: &[ns::HTTP_UPLOAD, MESSAGE, PROFILE, EPHEMERAL],
    enabled: |server| server.config.files.enabled,
    forms: |server| vec![form(server)],
    payloads: &[("request", ns::HTTP_UPLOAD)],
    places: &[Place::Server, Place::Upload],
    handle: |request| Box::pin(handle(request)),
    ..Module::NONE
};

fn form(server: &Server) -> Element {
    let max = server.config.files.max_file_bytes.to_string();
    Form::new("result", ns::HTTP_UPLOAD)
        .field("max-file-size", "text-single", None, [max])
        .done()
}

async fn handle(request: &Request<'_>) -> Outcome {
    if request.is_set {
        return Err(Condition::BadRequest.into()).into();
    }
    slot(request).await.map(Some).into()
}

async fn slot(request: &Request<'_>) -> Result<Element, StanzaError> {
    let server = request.server;
    let now_ms = clock::now_ms();
    let wanted = wanted(server, request.user, request.payload, now_ms)?;
    if !server.disk.has_room_for(wanted.size.unsigned_abs()) {
        return Err(disk::refused());
    }
    let token = clock::random_secret().map_err(internal)?;
    let config = &server.config.files;
    let quota = Quota {
        account: i64::try_from(config.account_bytes).unwrap_or(i64::MAX),
        total: i64::try_from(config.total_bytes).unwrap_or(i64::MAX),
    };
    let link = server.link(&format!("/files/{token}/{}", names::in_link(&wanted.name)));
    let hash = files::token_hash(&token);
    let opened = server
        .store
        .write(move |tx| files::open(tx, &hash, &wanted, quota, now_ms))
        .await
        .map_err(internal)?;
    match opened {
        Slot::Open => Ok(build("slot", ns::HTTP_UPLOAD)
            .child(build("put", ns::HTTP_UPLOAD).attr("url", &link))
            .child(build("get", ns::HTTP_UPLOAD).attr("url", &link))
            .done()),
        Slot::AccountFull => Err(full("your files fill all the room that you have")),
        Slot::ServerFull => Err(full("the server has no room for more files")),
        Slot::TooMany { until_ms } => {
            let retry =
                build("retry", ns::HTTP_UPLOAD).attr("stamp", datetime::format_ms(until_ms));
            Err(full("too many slots were not used").with_detail(retry))
        }
    }
}

/// What is asked for, checked.
fn wanted(
    server: &Server,
    user: &str,
    payload: &Element,
    now_ms: i64,
) -> Result<NewUpload, StanzaError> {
    let bad = |text: &str| StanzaError::from(Condition::BadRequest).with_text(text);
    let config = &server.config.files;
    let name = payload.attr("filename").and_then(names::file_name);
    let name = name.ok_or_else(|| bad("the file needs a name"))?;
    let size = payload
        .attr("size")
        .and_then(|size| size.parse::<i64>().ok());
    let size = size.filter(|size| *size > 0);
    let size = size.ok_or_else(|| bad("the size is not a number of bytes"))?;
    if size.unsigned_abs() > config.max_file_bytes {
        return Err(too_large(config.max_file_bytes));
    }
    let media_type = match payload.attr("content-type") {
        None | Some("") => names::UNKNOWN.to_owned(),
        Some(text) => names::media_type(text).ok_or_else(|| bad("that is no media type"))?,
    };
    if !config.types.takes(&name, &media_type) {
        return Err(StanzaError::from(Condition::NotAcceptable)
            .with_text("files of this kind are not taken here"));
    }
    Ok(NewUpload {
        owner: user.to_owned(),
        name,
        media_type,
        size,
        slot_ms: now_ms.saturating_add(config.slot_ms()),
        keep_ms: keep_ms(payload, config.keep_ms(), now_ms)?,
    })
}

/// Until when a file is kept, by what it is for.
fn keep_ms(
    payload: &Element,
    keep_ms: Option<i64>,
    now_ms: i64,
) -> Result<Option<i64>, StanzaError> {
    let purpose = payload
        .children()
        .find(|child| child.has_ns(ns::HTTP_UPLOAD_PURPOSE));
    let usual = keep_ms.map(|keep_ms| now_ms.saturating_add(keep_ms));
    match purpose.map(Element::name) {
        // Pictures of people are still looked at when messages are gone.
        Some("profile") => Ok(None),
        Some("ephemeral") => {
            let until = purpose.and_then(|purpose| purpose.attr("expire-before"));
            let until = until
                .and_then(datetime::parse_ms)
                .ok_or(Condition::BadRequest)?;
            Ok(Some(usual.map_or(until, |usual| usual.min(until))))
        }
        // Other purposes are left out of discovery; they are as good as messages.
        _ => Ok(usual),
    }
}

fn too_large(max: u64) -> StanzaError {
    let detail = build("file-too-large", ns::HTTP_UPLOAD)
        .child(build("max-file-size", ns::HTTP_UPLOAD).text(max.to_string()));
    StanzaError::from(Condition::NotAcceptable)
        .with_text(&format!("the largest file has {max} bytes"))
        .with_detail(detail)
}

fn full(text: &str) -> StanzaError {
    StanzaError::from(Condition::ResourceConstraint).with_text(text)
}

fn internal(error: impl std::fmt::Display) -> StanzaError {
    tracing::error!(%error, "no slot for an upload");
    Condition::InternalServerError.into()
}
