//! What others may ask of us, and what the server tells us by a request.

use xmpp_core::{Element, ns};

use super::Session;
use crate::account::{Shared, identity, sync};
use crate::connection::ConnectError;
use crate::store::contacts;

impl Session<'_> {
    /// The payload of the answer to a request (`get` or `set`), if any; `None`
    /// if we do not know what it asks.
    #[allow(clippy::option_option, reason = "an answer may be empty")]
    pub(super) async fn answer(
        &mut self,
        iq: &Element,
    ) -> Result<Option<Option<Element>>, ConnectError> {
        let shared = self.shared;
        let own = &shared.address;
        // Only our own server speaks for our account (RFC 6121, section 2.1.6;
        // XEP-0191, section 6).
        let from_server = iq
            .attr("from")
            .is_none_or(|from| from == own.as_str() || from == own.domain().as_str());
        let Some(payload) = iq.children().next() else {
            return Ok(None);
        };
        let is_set = iq.attr("type") == Some("set");
        Ok(match (payload.name(), payload.ns().as_str()) {
            ("query", ns::ROSTER) if is_set && from_server => {
                sync::roster::push(shared, payload).await?;
                Some(None)
            }
            ("block" | "unblock", ns::BLOCKING) if is_set && from_server => {
                sync::blocking::push(shared, payload).await?;
                Some(None)
            }
            ("ping", ns::PING) => Some(None),
            ("query", ns::DISCO_INFO) if !is_set => identity::answer(payload).map(Some),
            ("query", ns::DISCO_ITEMS) if !is_set => Some(Some(
                xmpp_core::element::build("query", ns::DISCO_ITEMS).done(),
            )),
            ("query", ns::VERSION) if !is_set && is_known(shared, iq).await? => {
                Some(Some(identity::version()))
            }
            ("time", ns::TIME) if !is_set && is_known(shared, iq).await? => {
                Some(Some(identity::time(shared.clock.now_ms())))
            }
            _ => None,
        })
    }
}

/// Whether a request comes from ourselves, our server, or somebody who may see
/// our presence: to nobody else do we say what we run and where we are.
async fn is_known(shared: &Shared, iq: &Element) -> Result<bool, ConnectError> {
    let own = &shared.address;
    let Some(from) = iq.attr("from") else {
        return Ok(true);
    };
    let Ok(from) = jid::Jid::new(from).map(|from| from.to_bare()) else {
        return Ok(false);
    };
    if from == *own || from.as_str() == own.domain().as_str() {
        return Ok(true);
    }
    let contact = shared
        .store
        .read(move |db| contacts::get(db, from.as_str()))
        .await?;
    Ok(contact.is_some_and(|contact| contact.item.subscription.shows_ours()))
}
