//! One server, one way into it, and the people of one scenario.

use std::sync::Arc;

use anyhow::{Context, Result, bail};
use engine::Timeouts;
use engine::api::{ApiError, Request, Response};
use navigation::{
    Endpoint, NavigationDocument, NavigationLink, ServerTarget, SignedDocument, SigningKey,
    SpkiPin, Transport, Trust,
};
use server_tests::startalk::PASSWORD;
use tempfile::TempDir;

use crate::device::Device;
use crate::link::Link;
use crate::patience::TIMEOUTS;
use crate::server::{Kind, Server};

/// Somebody with an account.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Person {
    /// The user name.
    pub user: String,
}

impl Person {
    /// Who has this address.
    #[must_use]
    pub fn of_address(address: &str) -> Self {
        let user = address.split('@').next().unwrap_or_default();
        Self {
            user: user.to_owned(),
        }
    }

    /// The bare address.
    #[must_use]
    pub fn address(&self) -> String {
        format!("{}@localhost", self.user)
    }
}

/// A scenario's view of a server.
pub struct World {
    /// The server.
    pub server: Arc<Server>,
    /// How devices speak to it, unless the scenario says otherwise.
    pub transport: Transport,
    /// Makes names of people differ from those of other scenarios.
    label: String,
    folder: Arc<TempDir>,
}

impl World {
    /// For one scenario.
    ///
    /// # Errors
    /// If there is no folder.
    pub fn new(server: Arc<Server>, transport: Transport, label: String) -> Result<Self> {
        Ok(Self {
            server,
            transport,
            label,
            folder: Arc::new(tempfile::tempdir()?),
        })
    }

    /// The same by another way, with people of its own.
    #[must_use]
    pub fn over(&self, transport: Transport) -> Self {
        let way = match transport {
            Transport::StartTls => "s",
            Transport::DirectTls => "d",
            Transport::WebSocket => "w",
        };
        Self {
            server: Arc::clone(&self.server),
            transport,
            label: format!("{}{way}", self.label),
            folder: Arc::clone(&self.folder),
        }
    }

    /// Makes an account.
    ///
    /// # Errors
    /// If the server refuses.
    pub async fn person(&self, name: &str) -> Result<Person> {
        let person = self.nobody(name);
        self.server.add_account(&person.user).await?;
        Ok(person)
    }

    /// The name of an account that is not there.
    #[must_use]
    pub fn nobody(&self, name: &str) -> Person {
        Person {
            user: format!("{name}-{}", self.label),
        }
    }

    /// Somebody new with one device that is online.
    ///
    /// # Errors
    /// If any of it fails.
    pub async fn join(&self, name: &str) -> Result<Device> {
        let person = self.person(name).await?;
        self.device(&person, "desk").await
    }

    /// Two people with one device each, online.
    ///
    /// # Errors
    /// If any of it fails.
    pub async fn rosa_and_bob(&self) -> Result<(Device, Device)> {
        let (rosa, bob) = tokio::join!(self.join("rosa"), self.join("bob"));
        Ok((rosa?, bob?))
    }

    /// A device of somebody, signed in and online.
    ///
    /// # Errors
    /// If any of it fails.
    pub async fn device(&self, person: &Person, name: &str) -> Result<Device> {
        self.device_with(person, name, TIMEOUTS).await
    }

    /// As [`World::device`], with other times to wait.
    ///
    /// # Errors
    /// If any of it fails.
    pub async fn device_with(
        &self,
        person: &Person,
        name: &str,
        timeouts: Timeouts,
    ) -> Result<Device> {
        let mut device = self.unknown_device(person, name, timeouts).await?;
        let signed_in = self.sign_in(&mut device, PASSWORD).await?;
        signed_in.with_context(|| format!("{} signs in", device.name))?;
        device.online().await?;
        Ok(device)
    }

    /// A device that knows no account yet.
    ///
    /// # Errors
    /// If any of it fails.
    pub async fn unknown_device(
        &self,
        person: &Person,
        name: &str,
        timeouts: Timeouts,
    ) -> Result<Device> {
        let (server, transport) = (Arc::clone(&self.server), self.transport);
        let link = Link::to(move || server.address(transport)).await?;
        let name = format!("{}/{name}", person.user);
        let folder = Arc::clone(&self.folder);
        Device::new(name, person.clone(), link, folder, timeouts).await
    }

    /// A device signs in, by a link as an administrator would send it.
    ///
    /// # Errors
    /// If the device is off.
    pub async fn sign_in(
        &self,
        device: &mut Device,
        password: &str,
    ) -> Result<Result<(), ApiError>> {
        let target = self.target(device, self.server.pin());
        self.sign_in_at(device, target, password).await
    }

    /// A device signs in at this place.
    ///
    /// # Errors
    /// If the device is off.
    pub async fn sign_in_at(
        &self,
        device: &mut Device,
        target: ServerTarget,
        password: &str,
    ) -> Result<Result<(), ApiError>> {
        let request = Request::Join {
            input: navigation_link(&target)?,
            name: device.person.user.clone(),
            password: password.to_owned(),
        };
        Ok(match device.try_ask(request).await? {
            Ok(Response::Account(account)) => {
                device.account = account;
                Ok(())
            }
            Ok(other) => bail!("{other:?}"),
            Err(error) => Err(error),
        })
    }

    /// The server as this device reaches it, proven by that key.
    #[must_use]
    pub fn target(&self, device: &Device, pin: SpkiPin) -> ServerTarget {
        let is_web = self.transport == Transport::WebSocket;
        let endpoint = Endpoint {
            transport: self.transport,
            // The one name in every certificate here; only Prosody looks.
            host: "localhost".to_owned(),
            port: device.link.port(),
            path: is_web.then(|| self.server.websocket_path().to_owned()),
        };
        pinned(endpoint, pin)
    }

    /// Two people list each other and see whether the other is there (RFC 6121,
    /// section 3). With ours everybody of a team does.
    ///
    /// # Errors
    /// If the server refuses.
    pub async fn befriend(&self, one: &Person, other: &Person) -> Result<()> {
        if self.server.kind == Kind::ServerLite {
            return Ok(());
        }
        for (who, whom) in [(one, other), (other, one)] {
            let mut peer = self.server.peer(&who.user).await?;
            let whom = whom.address();
            let item = format!("<query xmlns='jabber:iq:roster'><item jid='{whom}'/></query>");
            peer.ask("set", "", &item).await?;
            peer.send(&format!("<presence to='{whom}' type='subscribed'/>"))
                .await?;
            peer.send(&format!("<presence to='{whom}' type='subscribe'/>"))
                .await?;
            // Answered in order: so much has been done.
            peer.ask("get", "", "<query xmlns='jabber:iq:roster'/>")
                .await?;
        }
        // The first could approve before it was asked only in part: once more.
        let mut peer = self.server.peer(&one.user).await?;
        let whom = other.address();
        peer.send(&format!("<presence to='{whom}' type='subscribed'/>"))
            .await?;
        peer.ask("get", "", "<query xmlns='jabber:iq:roster'/>")
            .await?;
        Ok(())
    }
}

/// A server at one place, proven by one key.
#[must_use]
pub fn pinned(endpoint: Endpoint, pin: SpkiPin) -> ServerTarget {
    ServerTarget {
        domain: "localhost".to_owned(),
        name: None,
        endpoints: vec![endpoint],
        trust: Trust {
            system_roots: false,
            spki_sha256: vec![pin],
            authorities: Vec::new(),
        },
    }
}

fn navigation_link(target: &ServerTarget) -> Result<String> {
    let issued_at = "2026-01-01T00:00:00Z".parse().context("a time")?;
    let document = NavigationDocument::new(target.clone(), issued_at);
    let signed = SignedDocument::sign(&document, &SigningKey::from_seed(&[1; 32]))?;
    Ok(NavigationLink::Embedded(signed).to_link())
}
