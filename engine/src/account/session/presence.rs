//! Presence that comes in (RFC 6121, sections 3 and 4).

use jid::Jid;
use xmpp_core::{Element, datetime, ns};

use super::Session;
use crate::account::live::Device;
use crate::account::{rooms, sync};
use crate::api::{Event, PresenceShow};
use crate::connection::ConnectError;

/// Longest words that somebody says with their presence, in characters.
const MAX_STATUS: usize = 500;

impl Session<'_> {
    pub(super) async fn presence(&mut self, element: &Element) -> Result<(), ConnectError> {
        if rooms::presence(self.shared, element).await? {
            return Ok(());
        }
        let Some(Ok(from)) = element.attr("from").map(Jid::new) else {
            return Ok(());
        };
        let bare = from.to_bare();
        if bare == self.shared.address {
            return self.own_presence(&from, element);
        }
        let device = match element.attr("type") {
            Some("unavailable" | "error") => None,
            Some("subscribe") => {
                let answer = sync::roster::asked(self.shared, &bare, element).await?;
                for stanza in answer {
                    self.send_stanza(&stanza, None).await?;
                }
                return Ok(());
            }
            Some("unsubscribe") => return sync::roster::not_asked(self.shared, &bare).await,
            // What was answered to us comes as a change of the roster as well.
            Some(_) => return Ok(()),
            None => Some(device(element)),
        };
        let resource = from.resource().map_or("", |resource| resource.as_str());
        let is_here = device.is_some();
        if self.shared.live.set_device(bare.as_str(), resource, device) {
            self.shared.contacts_changed();
            self.shared.conversation_changed(bare.as_str());
        }
        if is_here {
            sync::capabilities::wanted(self.shared, &from, element);
            sync::profiles::announced(self.shared, &bare, element).await?;
        }
        Ok(())
    }
}

impl Session<'_> {
    /// One of our own devices.
    fn own_presence(&self, from: &Jid, element: &Element) -> Result<(), ConnectError> {
        let Some(resource) = from.resource() else {
            return Ok(());
        };
        let device = match element.attr("type") {
            None => Some(device(element)),
            Some("unavailable") => None,
            Some(_) => return Ok(()),
        };
        if self.shared.live.set_own_device(resource.as_str(), device) {
            self.shared.events.publish(Event::DevicesChanged {
                account: self.shared.id.clone(),
            });
        }
        Ok(())
    }
}

fn device(presence: &Element) -> Device {
    let text = |name| presence.get_child(name, ns::CLIENT).map(Element::text);
    let show = match text("show").as_deref().map(str::trim) {
        Some("away" | "xa") => PresenceShow::Away,
        Some("dnd") => PresenceShow::DoNotDisturb,
        _ => PresenceShow::Online,
    };
    let status = text("status").unwrap_or_default();
    Device {
        show,
        status: status.trim().chars().take(MAX_STATUS).collect(),
        idle_since_ms: presence
            .get_child("idle", ns::IDLE)
            .and_then(|idle| idle.attr("since"))
            .and_then(datetime::parse_ms),
        capabilities: sync::capabilities::key(presence),
    }
}
