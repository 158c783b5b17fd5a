//! The devices of the account: as the server lists them (the protocol of Prosody's
//! `mod_client_management`, which ours speaks too), or, where it does not, those
//! that are connected, by their presence and what they say of themselves (XEP-0092).

use std::time::Duration;

use futures_util::future::join_all;
use xmpp_core::element::{build, clean_text};
use xmpp_core::stanza_error::{Condition, StanzaError};
use xmpp_core::{Element, datetime, ns};

use super::handle::{AskError, Handle};
use super::{Account, Shared, identity};
use crate::api::{
    ApiError, DeviceEndedView, DeviceRequest, DeviceView, DevicesView, ErrorCode, Response,
};

/// Devices in one list.
const MAX_DEVICES: usize = 200;
/// Programs that are asked what they are.
const MAX_ASKED: usize = 20;
/// Longest name of anything, in characters.
const MAX_TEXT: usize = 100;
/// How long a program may take to say what it is: a phone may be asleep.
const PATIENCE: Duration = Duration::from_secs(3);

impl Account {
    pub(crate) async fn about_devices(&self, request: DeviceRequest) -> Result<Response, ApiError> {
        let shared = &self.shared;
        let handle = shared.handle()?;
        match request {
            DeviceRequest::List { .. } => Ok(Response::Devices(list(shared, &handle).await?)),
            DeviceRequest::End { device, .. } => {
                Ok(Response::DeviceEnded(end(&handle, &device).await?))
            }
        }
    }
}

async fn list(shared: &Shared, handle: &Handle) -> Result<DevicesView, ApiError> {
    let own = shared.live.own_resource();
    let query = build("list", ns::CLIENTS).done();
    let (complete, mut listed) = match handle.ask("get", None, query).await {
        Ok(answer) => match answer.get_child("clients", ns::CLIENTS) {
            Some(clients) => (true, read(clients, &own)),
            None => (false, Vec::new()),
        },
        Err(AskError::Refused(_)) => (false, Vec::new()),
        Err(error) => return Err(error.into()),
    };
    if !complete {
        let mut resources = shared.live.own_devices();
        resources.push(own.clone());
        resources.sort();
        resources.dedup();
        listed.extend(
            resources
                .into_iter()
                .map(|resource| Listed::of(resource, &own)),
        );
    }
    find_this(shared, &mut listed);
    ask_what_they_are(shared, handle, &mut listed).await;
    let mut devices: Vec<DeviceView> = listed.into_iter().map(|listed| listed.view).collect();
    devices.sort_by_key(|device| {
        (
            !device.this,
            !device.online,
            -device.last_seen_ms.unwrap_or(0),
        )
    });
    Ok(DevicesView { devices, complete })
}

/// A device, and where it can be asked.
struct Listed {
    view: DeviceView,
    resource: Option<String>,
}

impl Listed {
    /// One that is only known to be there.
    fn of(resource: String, own: &str) -> Self {
        Self {
            view: DeviceView {
                id: None,
                software: String::new(),
                version: String::new(),
                system: String::new(),
                name: String::new(),
                address: String::new(),
                online: true,
                this: resource == own,
                first_seen_ms: None,
                last_seen_ms: None,
            },
            resource: Some(resource),
        }
    }
}

fn line(text: &str) -> String {
    let text = clean_text(text);
    let line = text.split_whitespace().collect::<Vec<_>>().join(" ");
    line.chars().take(MAX_TEXT).collect()
}

fn text(parent: Option<&Element>, name: &str, namespace: &str) -> String {
    let child = parent.and_then(|parent| parent.get_child(name, namespace));
    child.map(|child| line(&child.text())).unwrap_or_default()
}

fn read(clients: &Element, own: &str) -> Vec<Listed> {
    let clients = clients
        .children()
        .filter(|child| child.is("client", ns::CLIENTS));
    clients
        .take(MAX_DEVICES)
        .map(|client| {
            let agent = client.get_child("user-agent", ns::CLIENTS);
            let session = client.get_child("session", ns::OWN_SESSION);
            let said = |name| session.and_then(|session| session.attr(name));
            let resource = said("resource").map(str::to_owned);
            let time = |name| datetime::parse_ms(&text(Some(client), name, ns::CLIENTS));
            let is_this = matches!(said("this"), Some("true" | "1"));
            Listed {
                view: DeviceView {
                    id: client.attr("id").map(str::to_owned),
                    software: text(agent, "software", ns::CLIENTS),
                    version: String::new(),
                    system: String::new(),
                    name: text(agent, "device", ns::CLIENTS),
                    address: said("address").map(line).unwrap_or_default(),
                    online: matches!(client.attr("connected"), Some("true" | "1")),
                    this: is_this || resource.as_deref() == Some(own),
                    first_seen_ms: time("first-seen"),
                    last_seen_ms: time("last-seen"),
                },
                resource,
            }
        })
        .collect()
}

/// A server that does not say which one asks: it is the one that is called as we
/// call ourselves, if no other is.
fn find_this(shared: &Shared, listed: &mut [Listed]) {
    if listed.iter().any(|listed| listed.view.this) {
        return;
    }
    let name = &*shared.connector.device_name;
    let is_like_us =
        |view: &DeviceView| view.online && view.software == identity::NAME && view.name == name;
    let mut like_us = listed.iter_mut().filter(|listed| is_like_us(&listed.view));
    if let (Some(this), None) = (like_us.next(), like_us.next()) {
        this.view.this = true;
    }
}

/// Asks those that have not said it to the server what they are.
async fn ask_what_they_are(shared: &Shared, handle: &Handle, listed: &mut [Listed]) {
    for listed in listed.iter_mut().filter(|listed| listed.view.this) {
        identity::NAME.clone_into(&mut listed.view.software);
        identity::VERSION.clone_into(&mut listed.view.version);
        listed.view.name = shared.connector.device_name.to_string();
        listed.view.last_seen_ms = Some(shared.clock.now_ms());
    }
    let silent = listed.iter_mut().filter(|listed| {
        listed.view.online && !listed.view.this && listed.view.software.is_empty()
    });
    let asked = silent.take(MAX_ASKED).map(|listed| async move {
        let Some(resource) = &listed.resource else {
            return;
        };
        let address = format!("{}/{resource}", shared.address);
        let query = build("query", ns::VERSION).done();
        let answer = handle.ask("get", Some(&address), query);
        let answer = tokio::time::timeout(PATIENCE, answer).await;
        let query = match &answer {
            Ok(Ok(answer)) => answer.get_child("query", ns::VERSION),
            _ => None,
        };
        let said = |name| text(query, name, ns::VERSION);
        listed.view.software = said("name");
        listed.view.version = said("version");
        listed.view.system = said("os");
        if listed.view.software.is_empty() {
            // Better than nothing to tell it by.
            listed.view.name = line(resource);
        }
    });
    join_all(asked).await;
}

async fn end(handle: &Handle, id: &str) -> Result<DeviceEndedView, ApiError> {
    let revoke = build("revoke", ns::CLIENTS).attr("id", id).done();
    match handle.ask("set", None, revoke).await {
        Ok(_) => Ok(DeviceEndedView {
            may_come_back: false,
        }),
        Err(AskError::Refused(error)) if needs_new_password(&error) => Ok(DeviceEndedView {
            may_come_back: true,
        }),
        Err(AskError::Refused(error)) => Err(refused(&error)),
        Err(error) => Err(error.into()),
    }
}

fn needs_new_password(error: &StanzaError) -> bool {
    let detail = error.detail.as_deref();
    detail.is_some_and(|detail| detail.is("password-reset-required", ns::CLIENTS))
}

fn refused(error: &StanzaError) -> ApiError {
    let code = match error.condition {
        Condition::ItemNotFound => ErrorCode::NotFound,
        Condition::ServiceUnavailable | Condition::FeatureNotImplemented => ErrorCode::NotSupported,
        Condition::Forbidden | Condition::NotAllowed => ErrorCode::NotAllowed,
        _ => ErrorCode::ServerRefused,
    };
    ApiError::new(code).detail(error)
}
