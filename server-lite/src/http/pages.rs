//! Pages for people. They are the same for everybody: what an invite says is in
//! the part of the address that browsers keep to themselves.

use axum::http::{HeaderName, HeaderValue, header};
use axum::response::{IntoResponse, Response};

use super::NO_SNIFF;

const FRONT: &str = include_str!("pages/front.html");
const INVITE: &str = include_str!("pages/invite.html");
const SCRIPT: &str = include_str!("pages/invite.js");
const STYLE: &str = include_str!("pages/style.css");

/// Nothing but our own script and style, no frames around it, no way out but
/// the links.
const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; \
                      base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

pub(super) async fn front() -> Response {
    answer("text/html; charset=utf-8", FRONT)
}

pub(super) async fn invite() -> Response {
    answer("text/html; charset=utf-8", INVITE)
}

pub(super) async fn invite_script() -> Response {
    answer("text/javascript; charset=utf-8", SCRIPT)
}

pub(super) async fn style() -> Response {
    answer("text/css; charset=utf-8", STYLE)
}

fn answer(kind: &'static str, text: &'static str) -> Response {
    let say = |name: HeaderName, text| (name, HeaderValue::from_static(text));
    let headers = [
        say(header::CONTENT_TYPE, kind),
        say(header::CONTENT_SECURITY_POLICY, POLICY),
        say(header::REFERRER_POLICY, "no-referrer"),
        say(header::CACHE_CONTROL, "no-cache"),
        NO_SNIFF,
    ];
    (headers, text).into_response()
}
