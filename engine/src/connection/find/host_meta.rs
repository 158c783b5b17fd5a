//! What the website of a domain says of its WebSocket (XEP-0156, section 3):
//! `host-meta.json` (RFC 6415, JRD), or the same as XML (XRD).
//!
//! Read over HTTPS only, and it can name nothing that is not encrypted. The
//! website proves itself for the domain; what it names then proves itself for
//! the name that it was given (RFC 7395, section 3.1).

use std::time::Duration;

use navigation::{Endpoint, ServerTarget, Transport};
use serde::Deserialize;
use url::Url;
use xmpp_core::element;
use xmpp_core::framing::{FramingLimits, check_document};

use super::super::{ConnectError, Connector};
use crate::http;

/// RFC 6415, and its name space.
const XRD: &str = "http://docs.oasis-open.org/ns/xri/xrd-1.0";
const WEBSOCKET: &str = "urn:xmpp:alt-connections:websocket";
/// Most that is read.
const LIMITS: FramingLimits = FramingLimits {
    max_element_bytes: 64 * 1024,
    max_depth: 8,
    max_attributes: 16,
    max_elements: 1_000,
};
const WAIT: Duration = Duration::from_secs(6);
const MAX_PLACES: usize = 4;

#[derive(Deserialize)]
struct Jrd {
    #[serde(default)]
    links: Vec<Link>,
}

#[derive(Deserialize)]
struct Link {
    #[serde(default)]
    rel: String,
    #[serde(default)]
    href: String,
}

/// The WebSockets of a domain. None, whatever the reason, is no failure.
pub(in crate::connection) async fn find(
    connector: &Connector,
    target: &ServerTarget,
) -> Vec<Endpoint> {
    let get = async |name: &str| -> Result<Vec<u8>, ConnectError> {
        let host = super::super::tls::ascii_host(&target.domain)?;
        let url = Url::parse(&format!("https://{host}/.well-known/{name}"))
            .map_err(|error| ConnectError::Internal(error.to_string()))?;
        let limits = http::Limits {
            bytes: LIMITS.max_element_bytes,
            wait: WAIT,
        };
        http::get(connector, &url, &target.trust, limits).await
    };
    let (json, xml) = tokio::join!(get("host-meta.json"), get("host-meta"));
    let mut found = json.map(|bytes| from_json(&bytes)).unwrap_or_default();
    if found.is_empty() {
        found = xml.map(|bytes| from_xml(&bytes)).unwrap_or_default();
    }
    found
}

fn from_json(bytes: &[u8]) -> Vec<Endpoint> {
    let links = serde_json::from_slice(bytes).map_or_else(|_| Vec::new(), |jrd: Jrd| jrd.links);
    places(links)
}

fn from_xml(bytes: &[u8]) -> Vec<Endpoint> {
    // The declaration is no element.
    let body = std::str::from_utf8(bytes).unwrap_or_default().trim();
    let body = match body.strip_prefix("<?xml") {
        Some(rest) => rest.split_once("?>").map_or("", |(_, body)| body),
        None => body,
    };
    let body = body.trim().as_bytes();
    if check_document(body, LIMITS).is_err() {
        return Vec::new();
    }
    let Ok(document) = element::parse(body) else {
        return Vec::new();
    };
    let links = document
        .children()
        .filter(|child| child.is("Link", XRD))
        .map(|link| Link {
            rel: link.attr("rel").unwrap_or_default().to_owned(),
            href: link.attr("href").unwrap_or_default().to_owned(),
        });
    places(links)
}

fn places(links: impl IntoIterator<Item = Link>) -> Vec<Endpoint> {
    links
        .into_iter()
        .filter(|link| link.rel == WEBSOCKET)
        .filter_map(|link| websocket(&link.href))
        .take(MAX_PLACES)
        .collect()
}

/// The place of a `wss:` address; never one of `ws:`.
pub(in crate::connection) fn websocket(address: &str) -> Option<Endpoint> {
    let url = Url::parse(address.trim()).ok()?;
    let clean = url.scheme() == "wss" && url.username().is_empty() && url.password().is_none();
    let host = url.host_str().filter(|_| clean)?;
    let path = match url.query() {
        Some(query) => format!("{}?{query}", url.path()),
        None => url.path().to_owned(),
    };
    Some(Endpoint {
        transport: Transport::WebSocket,
        host: host.trim_matches(['[', ']']).to_owned(),
        port: url.port_or_known_default().unwrap_or(443),
        path: Some(path),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn texts(places: &[Endpoint]) -> Vec<String> {
        places.iter().map(Endpoint::to_string).collect()
    }

    #[test]
    fn json_and_xml_say_the_same() {
        let json = br#"{"subject": "x", "links": [{"rel": "other", "href": "https://a"},
            {"rel": "urn:xmpp:alt-connections:xbosh", "href": "https://a.example/bosh"},
            {"rel": "urn:xmpp:alt-connections:websocket", "href": "wss://a.example/ws?x=1"},
            {"rel": "urn:xmpp:alt-connections:websocket", "href": "wss://[fe80::1]:5281/ws"}]}"#;
        let wanted = ["wss:a.example:443/ws?x=1", "wss:[fe80::1]:5281/ws"];
        assert_eq!(texts(&from_json(json)), wanted);
        let xml = br#"<?xml version='1.0' encoding='utf-8'?>
            <XRD xmlns='http://docs.oasis-open.org/ns/xri/xrd-1.0'>
            <Link rel="urn:xmpp:alt-connections:xbosh" href="https://a.example/bosh"/>
            <Link rel="urn:xmpp:alt-connections:websocket" href="wss://a.example/ws?x=1"/>
            <Link rel="urn:xmpp:alt-connections:websocket" href="wss://[fe80::1]:5281/ws"/></XRD>"#;
        assert_eq!(texts(&from_xml(xml)), wanted);
    }

    #[test]
    fn nothing_without_encryption_is_taken() {
        for bad in [
            "ws://a.example/ws",
            "http://a.example/ws",
            "https://a.example/ws",
            "wss://rosa:pw@a.example/ws",
            "wss:",
            "a.example",
            "",
        ] {
            assert_eq!(websocket(bad), None, "{bad}");
        }
    }

    #[test]
    fn nonsense_names_nothing() {
        for bad in [
            &b""[..],
            b"[]",
            b"{\"links\": 5}",
            b"<XRD/>",
            b"<XRD xmlns='http://docs.oasis-open.org/ns/xri/xrd-1.0'><Link/>",
            b"<!DOCTYPE x [<!ENTITY a 'b'>]><XRD/>",
            b"\xff",
        ] {
            assert!(from_json(bad).is_empty() && from_xml(bad).is_empty());
        }
    }
}
