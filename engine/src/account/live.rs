//! What is true only while connected: who is there, who types.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::time::Instant;

use crate::api::PresenceShow;

/// Somebody whose device went silent while typing does not type for ever.
pub(crate) const TYPING_LASTS: Duration = Duration::from_secs(30);
/// Resources of one contact that are remembered.
const MAX_RESOURCES: usize = 50;
/// Contacts that are remembered.
const MAX_CONTACTS: usize = 100_000;

#[derive(Debug, Default)]
pub(crate) struct Live {
    inner: Mutex<Inner>,
}

/// What one device of a contact says of itself (RFC 6121, section 4.7.2).
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Device {
    pub(crate) show: PresenceShow,
    pub(crate) status: String,
    /// XEP-0319.
    pub(crate) idle_since_ms: Option<i64>,
    /// Hash of what it can do (XEP-0115); see `store::capabilities`.
    pub(crate) capabilities: Option<String>,
}

/// Where our own devices are, beside the contacts.
const OWN: &str = "";

#[derive(Debug, Default)]
struct Inner {
    /// The resource of this session.
    own_resource: String,
    /// By bare address, then by resource.
    presence: HashMap<String, HashMap<String, Device>>,
    /// By conversation, since when.
    typing: HashMap<String, Instant>,
    /// Presence as it was when the connection of the session was lost: nobody says
    /// it again if the session goes on (XEP-0198).
    kept: HashMap<String, HashMap<String, Device>>,
}

impl Live {
    fn inner(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A device says something of itself, or is gone; whether what is to be seen
    /// of the contact changed.
    pub(crate) fn set_device(&self, address: &str, resource: &str, device: Option<Device>) -> bool {
        let mut inner = self.inner();
        let before = best(inner.presence.get(address)).cloned();
        match device {
            None => {
                if let Some(devices) = inner.presence.get_mut(address) {
                    devices.remove(resource);
                    if devices.is_empty() {
                        inner.presence.remove(address);
                    }
                }
                inner.typing.remove(address);
            }
            Some(device) => {
                if inner.presence.len() < MAX_CONTACTS || inner.presence.contains_key(address) {
                    let devices = inner.presence.entry(address.to_owned()).or_default();
                    if devices.len() < MAX_RESOURCES || devices.contains_key(resource) {
                        devices.insert(resource.to_owned(), device);
                    }
                }
            }
        }
        let seen = |device: &Device| (device.show, device.status.clone(), device.idle_since_ms);
        before.as_ref().map(seen) != best(inner.presence.get(address)).map(seen)
    }

    /// Another device of ours, or this one, says that it is there or gone; whether
    /// that is news.
    pub(crate) fn set_own_device(&self, resource: &str, device: Option<Device>) -> bool {
        let known = |live: &Self| {
            let inner = live.inner();
            let devices = inner.presence.get(OWN);
            devices.is_some_and(|devices| devices.contains_key(resource))
        };
        let before = known(self);
        self.set_device(OWN, resource, device);
        before != known(self)
    }

    /// The resources of our own devices that show themselves.
    pub(crate) fn own_devices(&self) -> Vec<String> {
        let inner = self.inner();
        let devices = inner.presence.get(OWN).into_iter();
        devices.flat_map(HashMap::keys).cloned().collect()
    }

    /// The resource of this session; empty where the server did not say.
    pub(crate) fn own_resource(&self) -> String {
        self.inner().own_resource.clone()
    }

    pub(crate) fn set_own_resource(&self, resource: &str) {
        resource.clone_into(&mut self.inner().own_resource);
    }

    /// The most available device of a contact.
    pub(crate) fn device(&self, address: &str) -> Option<Device> {
        best(self.inner().presence.get(address)).cloned()
    }

    /// Availability of a contact: that of its most available device.
    pub(crate) fn presence(&self, address: &str) -> PresenceShow {
        best(self.inner().presence.get(address)).map_or(PresenceShow::Offline, |best| best.show)
    }

    /// What the devices of a contact can do, as the hashes of it.
    pub(crate) fn capabilities(&self, address: &str) -> Vec<String> {
        let inner = self.inner();
        let devices = inner.presence.get(address).into_iter();
        devices
            .flat_map(HashMap::values)
            .filter_map(|device| device.capabilities.clone())
            .collect()
    }

    /// Sets whether the other side types; whether that changed.
    pub(crate) fn set_typing(&self, conversation: &str, typing: bool, now: Instant) -> bool {
        let mut inner = self.inner();
        if !typing {
            return inner.typing.remove(conversation).is_some();
        }
        if inner.typing.len() >= MAX_CONTACTS {
            return false;
        }
        inner.typing.insert(conversation.to_owned(), now).is_none()
    }

    /// Whether the other side types.
    pub(crate) fn is_typing(&self, conversation: &str, now: Instant) -> bool {
        self.inner()
            .typing
            .get(conversation)
            .is_some_and(|since| now.duration_since(*since) < TYPING_LASTS)
    }

    /// When the first of those who type now will have stopped.
    pub(crate) fn typing_ends(&self) -> Option<Instant> {
        let first = self.inner().typing.values().min().copied();
        first.map(|since| since + TYPING_LASTS)
    }

    /// Forgets those who stopped without a word, and names them.
    pub(crate) fn expire_typing(&self, now: Instant) -> Vec<String> {
        let ended = |_: &String, since: &mut Instant| now.duration_since(*since) >= TYPING_LASTS;
        let mut inner = self.inner();
        let gone = inner.typing.extract_if(ended);
        gone.map(|(conversation, _)| conversation).collect()
    }

    /// The connection is gone: nobody is known to be there.
    pub(crate) fn lost(&self) {
        let mut inner = self.inner();
        inner.typing.clear();
        // A try that came to nothing says nothing of those who were there.
        if !inner.presence.is_empty() {
            inner.kept = std::mem::take(&mut inner.presence);
        }
    }

    /// The session goes on: what changed meanwhile is sent now.
    pub(crate) fn goes_on(&self) {
        let mut inner = self.inner();
        inner.presence = std::mem::take(&mut inner.kept);
    }

    /// A new session.
    pub(crate) fn clear(&self) {
        *self.inner() = Inner::default();
    }
}

/// The most available one; of equals always the same.
fn best(devices: Option<&HashMap<String, Device>>) -> Option<&Device> {
    let rank = |show: PresenceShow| match show {
        PresenceShow::Offline => 0,
        PresenceShow::Away => 1,
        PresenceShow::DoNotDisturb => 2,
        PresenceShow::Online => 3,
    };
    devices
        .into_iter()
        .flatten()
        .max_by_key(|(resource, device)| (rank(device.show), *resource))
        .map(|(_, device)| device)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn here(show: PresenceShow) -> Option<Device> {
        Some(Device {
            show,
            status: String::new(),
            idle_since_ms: None,
            capabilities: None,
        })
    }

    #[test]
    fn the_most_available_device_counts() {
        let live = Live::default();
        assert!(live.set_device("a", "phone", here(PresenceShow::Away)));
        assert!(live.set_device("a", "desk", here(PresenceShow::Online)));
        assert!(!live.set_device("a", "tablet", here(PresenceShow::Away)));
        assert_eq!(live.presence("a"), PresenceShow::Online);
        assert!(live.set_device("a", "desk", None));
        assert_eq!(live.presence("a"), PresenceShow::Away);
        live.clear();
        assert_eq!(live.presence("a"), PresenceShow::Offline);
    }

    #[test]
    fn a_few_words_are_a_change() {
        let live = Live::default();
        let mut device = here(PresenceShow::Online);
        live.set_device("a", "desk", device.clone());
        if let Some(device) = &mut device {
            device.status = "in a meeting".into();
            device.capabilities = Some("sha-1 x".into());
        }
        assert!(live.set_device("a", "desk", device.clone()));
        assert!(!live.set_device("a", "desk", device));
        assert_eq!(live.device("a").unwrap().status, "in a meeting");
        assert_eq!(live.capabilities("a"), ["sha-1 x"]);
    }

    #[test]
    fn typing_ends_by_word_by_leaving_and_by_itself() {
        let live = Live::default();
        let start = Instant::now();
        assert!(live.set_typing("a", true, start));
        assert!(!live.set_typing("a", true, start));
        assert!(live.is_typing("a", start));
        assert!(!live.is_typing("a", start + TYPING_LASTS));
        assert_eq!(live.typing_ends(), Some(start + TYPING_LASTS));
        assert_eq!(live.expire_typing(start + TYPING_LASTS), ["a"]);
        assert_eq!(live.typing_ends(), None);
        live.set_typing("a", true, start);
        assert!(live.set_typing("a", false, start));
        live.set_typing("a", true, start);
        live.set_device("a", "desk", here(PresenceShow::Online));
        live.set_device("a", "desk", None);
        assert!(!live.is_typing("a", start));
    }
}
