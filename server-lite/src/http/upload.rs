//! Uploads (XEP-0363): the bytes of a slot.

use axum::body::Body;
use axum::extract::{Path, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};

use super::{CORS, Connection};
use crate::files::{UploadError, names};
use crate::store::files::{self, Upload};

/// What pages of other hosts may do (section 8: web clients).
pub(super) async fn options() -> Response {
    let headers = [
        CORS,
        (
            header::ACCESS_CONTROL_ALLOW_METHODS,
            "GET, HEAD, PUT, OPTIONS",
        ),
        (
            header::ACCESS_CONTROL_ALLOW_HEADERS,
            "Content-Type, Authorization, Range, If-Range, If-None-Match",
        ),
        (header::ACCESS_CONTROL_MAX_AGE, "86400"),
    ];
    (StatusCode::NO_CONTENT, headers).into_response()
}

pub(super) async fn put(
    State(connection): State<Connection>,
    Path((token, _)): Path<(String, String)>,
    headers: HeaderMap,
    body: Body,
) -> Response {
    let server = &connection.server;
    if !server.config.files.enabled {
        return refuse(&UploadError::NotFound);
    }
    let length = headers.get(header::CONTENT_LENGTH);
    let length = length.and_then(|length| length.to_str().ok()?.parse().ok());
    // It may have become short since the slot was given. The slot stays.
    if !server.disk.has_room_for(length.unwrap_or_default()) {
        tracing::debug!(peer = %connection.peer, "upload refused, the disk is short");
        return refuse(&UploadError::DiskFull);
    }
    let stored = server.files.receive(
        &server.store,
        files::token_hash(&token),
        |slot| fits(slot, &headers),
        body.into_data_stream(),
        server.config.limits.write,
    );
    match stored.await {
        Ok(bytes) => {
            server.metrics.uploads.increment();
            server.metrics.upload_bytes.add(bytes);
            tracing::debug!(peer = %connection.peer, bytes, "file uploaded");
            (StatusCode::CREATED, [CORS]).into_response()
        }
        Err(error) => {
            tracing::debug!(peer = %connection.peer, %error, "upload refused");
            refuse(&error)
        }
    }
}

/// What is known of a file before its bytes has to be what was asked for.
fn fits(slot: &Upload, headers: &HeaderMap) -> bool {
    let text = |name| headers.get(name).map(|value| value.to_str().unwrap_or("?"));
    let length = text(header::CONTENT_LENGTH).map(|length| length.parse() == Ok(slot.size));
    if length == Some(false) {
        return false;
    }
    let plain = |text: &str| text.split(';').next().unwrap_or_default().to_owned();
    let wanted = plain(&slot.media_type);
    // Many clients say nothing when they ask, and all say something here.
    wanted == names::UNKNOWN
        || text(header::CONTENT_TYPE).is_none_or(|given| {
            names::media_type(given).is_some_and(|given| plain(&given) == wanted)
        })
}

fn refuse(error: &UploadError) -> Response {
    let status = match error {
        UploadError::NotFound => StatusCode::NOT_FOUND,
        UploadError::Used | UploadError::Busy => StatusCode::CONFLICT,
        UploadError::OtherFile => StatusCode::BAD_REQUEST,
        UploadError::Interrupted => StatusCode::REQUEST_TIMEOUT,
        UploadError::DiskFull => StatusCode::INSUFFICIENT_STORAGE,
        UploadError::Internal => StatusCode::INTERNAL_SERVER_ERROR,
    };
    (status, [CORS], format!("{error}\n")).into_response()
}
