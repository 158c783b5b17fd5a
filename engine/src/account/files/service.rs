//! The service that takes files, and slots for them (XEP-0363).

use futures_util::future::join_all;
use reqwest::header::{AUTHORIZATION, COOKIE, EXPIRES, HeaderMap, HeaderName, HeaderValue};
use url::Url;
use xmpp_core::element::build;
use xmpp_core::{Element, ns};

use super::policy;
use super::trouble::Trouble;
use crate::account::Shared;
use crate::account::handle::{AskError, Handle};
use crate::account::rooms::{discovery, settings};
use crate::api::{ErrorCode, FileLimits};
use crate::store::uploads::Upload;

/// Services of a server that are asked what they are.
const MAX_SERVICES: usize = 50;
/// Longest value of a header, in bytes.
const MAX_HEADER: usize = 8 * 1024;
/// Most headers of a slot.
const MAX_HEADERS: usize = 10;

/// What is known of the service, as long as the program runs.
#[derive(Debug, Default)]
pub(super) struct Known {
    found: Option<Service>,
    /// The server was asked and has none.
    is_missing: bool,
}

impl Known {
    pub(super) fn limits(&self) -> FileLimits {
        let offered = self.found.as_ref().map(|_| true);
        FileLimits {
            offered: offered.or(self.is_missing.then_some(false)),
            max_bytes: self.found.as_ref().and_then(|service| service.max_bytes),
        }
    }

    /// It may have moved.
    pub(super) fn forget(&mut self) {
        *self = Self::default();
    }
}

/// A service that takes files.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Service {
    address: String,
    max_bytes: Option<u64>,
}

/// Where a file goes.
#[derive(Debug)]
pub(super) struct Slot {
    pub(super) put: Url,
    pub(super) headers: HeaderMap,
    /// As it was given.
    pub(super) get: String,
}

/// Finds the service of our server: the server itself, or one of its services.
pub(super) async fn find(shared: &Shared, handle: &Handle) -> Result<Service, Trouble> {
    if let Some(found) = shared.files.service().found.clone() {
        return Ok(found);
    }
    let domain = shared.address.domain().to_string();
    let own = discovery::info(handle, &domain).await;
    let mut found = match own {
        Ok(info) => read(&domain, &info),
        Err(AskError::Refused(_)) => None,
        Err(error) => return Err(error.into()),
    };
    if found.is_none() {
        let query = build("query", ns::DISCO_ITEMS).done();
        let services: Vec<String> = match handle.ask("get", Some(&domain), query).await {
            Ok(iq) => discovery::items(&iq)
                .filter_map(|item| item.attr("jid"))
                .take(MAX_SERVICES)
                .map(str::to_owned)
                .collect(),
            Err(AskError::Refused(_)) => Vec::new(),
            Err(error) => return Err(error.into()),
        };
        let asked = services
            .into_iter()
            .map(|service| async move { (discovery::info(handle, &service).await, service) });
        let mut silent = None;
        for (info, address) in join_all(asked).await {
            match info {
                Ok(info) => found = found.or_else(|| read(&address, &info)),
                Err(AskError::Refused(_)) => {}
                Err(error) => silent = Some(error),
            }
        }
        // It may be the one that has not answered.
        if let (None, Some(error)) = (&found, silent) {
            return Err(error.into());
        }
    }
    let mut known = shared.files.service();
    known.is_missing = found.is_none();
    known.found.clone_from(&found);
    found.ok_or_else(|| ErrorCode::FilesNotOffered.into())
}

fn read(address: &str, info: &Element) -> Option<Service> {
    if !discovery::features(info).any(|feature| feature == ns::HTTP_UPLOAD) {
        return None;
    }
    let max_bytes = settings::form_of(info, ns::HTTP_UPLOAD)
        .and_then(|form| settings::value(form, "max-file-size"))
        .and_then(|text| text.trim().parse().ok());
    Some(Service {
        address: address.to_owned(),
        max_bytes,
    })
}

/// Asks for a slot for a file.
pub(super) async fn slot(
    handle: &Handle,
    service: &Service,
    upload: &Upload,
) -> Result<Slot, Trouble> {
    if let Some(limit) = service.max_bytes.filter(|limit| upload.size > *limit) {
        let error = crate::api::ApiError::new(ErrorCode::FileTooLarge).value("limit", limit);
        return Err(Trouble::Final(error));
    }
    let request = build("request", ns::HTTP_UPLOAD)
        .attr("filename", &upload.name)
        .attr("size", upload.size.to_string())
        .attr("content-type", &upload.media_type)
        .done();
    let iq = handle.ask("get", Some(&service.address), request).await?;
    read_slot(&iq).ok_or_else(|| {
        let error = crate::api::ApiError::new(ErrorCode::FileAddressRefused);
        Trouble::Final(error.detail("the slot has no address that could be used"))
    })
}

fn read_slot(iq: &Element) -> Option<Slot> {
    let slot = iq.get_child("slot", ns::HTTP_UPLOAD)?;
    let put = slot.get_child("put", ns::HTTP_UPLOAD)?;
    let get = slot.get_child("get", ns::HTTP_UPLOAD)?.attr("url")?;
    // Whoever gets it has to be able to use it.
    policy::web_address(get)?;
    let headers = put
        .children()
        .filter(|child| child.is("header", ns::HTTP_UPLOAD))
        .filter_map(|header| allowed(header.attr("name")?, &header.text()))
        .take(MAX_HEADERS)
        .collect();
    Some(Slot {
        put: policy::web_address(put.attr("url")?)?,
        headers,
        get: get.to_owned(),
    })
}

/// Section 5: these three and no others, and no line breaks in them.
fn allowed(name: &str, value: &str) -> Option<(HeaderName, HeaderValue)> {
    let name = HeaderName::from_bytes(name.trim().as_bytes()).ok()?;
    if ![AUTHORIZATION, COOKIE, EXPIRES].contains(&name) || value.len() > MAX_HEADER {
        return None;
    }
    let value: String = value
        .chars()
        .filter(|c| !matches!(c, '\r' | '\n'))
        .collect();
    let mut value = HeaderValue::from_str(value.trim()).ok()?;
    value.set_sensitive(true);
    Some((name, value))
}

#[cfg(test)]
mod tests {
    use super::*;
    use xmpp_core::element::parse;

    #[test]
    fn a_service_says_what_it_takes() {
        let info = parse(
            b"<query xmlns='http://jabber.org/protocol/disco#info'>\
              <feature var='urn:xmpp:http:upload:0'/><x xmlns='jabber:x:data' type='result'>\
              <field var='FORM_TYPE' type='hidden'><value>urn:xmpp:http:upload:0</value></field>\
              <field var='max-file-size'><value>1000</value></field></x></query>",
        )
        .unwrap();
        let service = read("upload.a", &info).unwrap();
        assert_eq!(service.max_bytes, Some(1000));
        let none = parse(b"<query xmlns='http://jabber.org/protocol/disco#info'/>").unwrap();
        assert_eq!(read("a", &none), None);
    }

    fn slot(put: &str, get: &str, headers: &str) -> Option<Slot> {
        let xml = format!(
            "<iq xmlns='jabber:client'><slot xmlns='urn:xmpp:http:upload:0'>\
             <put url='{put}'>{headers}</put><get url='{get}'/></slot></iq>"
        );
        read_slot(&parse(xml.as_bytes()).unwrap())
    }

    #[test]
    fn only_three_headers_go_and_none_of_them_in_two_lines() {
        let slot = slot(
            "https://a/1",
            "https://a/2",
            "<header name='Authorization'>Basic a&#10;X-Evil: b</header>\
             <header name='COOKIE'>c</header><header name='Host'>evil</header>\
             <header name='Content-Length'>0</header><header name='X&#10;Y'>z</header>\
             <header name='Expires'>later</header>",
        )
        .unwrap();
        assert_eq!(slot.headers.len(), 3);
        assert_eq!(slot.headers[AUTHORIZATION], "Basic aX-Evil: b");
        assert_eq!(slot.headers[COOKIE], "c");
        assert!(!format!("{:?}", slot.headers).contains("Evil"));
    }

    #[test]
    fn only_addresses_of_the_secured_web() {
        assert!(slot("https://a/1", "https://a/2", "").is_some());
        for bad in [
            "http://a/1",
            "ftp://a/1",
            "file:///etc/passwd",
            "https://user:secret@a/1",
            "javascript:alert(1)",
            "",
        ] {
            assert!(slot(bad, "https://a/2", "").is_none(), "{bad}");
            assert!(slot("https://a/1", bad, "").is_none(), "{bad}");
        }
    }
}
