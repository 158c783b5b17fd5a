//! XEP-0191: whom one wants to hear of no more.

use std::collections::BTreeSet;
use std::sync::Arc;

use jid::Jid;
use xmpp_core::element::{self, build, set_attr};
use xmpp_core::stanza_error::{Condition, StanzaError};
use xmpp_core::{Element, ns};

use super::{Module, Place, Request, whole};
use crate::blocking::{MAX_BLOCKED, matches};
use crate::roster::unavailable;
use crate::router::Outgoing;
use crate::server::Server;
use crate::store::blocked;

pub(crate) const MODULE: Module = Module {
    specs: &[whole("XEP-0191", "Blocking command")],
    server_features: &[ns::BLOCKING],
    account_features: &[ns::BLOCKING],
    payloads: &[
        ("blocklist", ns::BLOCKING),
        ("block", ns::BLOCKING),
        ("unblock", ns::BLOCKING),
    ],
    places: &[Place::Own],
    handle: |request| Box::pin(async move { answer(request).await.into() }),
    ..Module::NONE
};

async fn answer(request: &Request<'_>) -> Result<Option<Element>, StanzaError> {
    match (request.payload.name(), request.is_set) {
        ("blocklist", false) => Ok(Some(list(request))),
        ("block", true) => change(request, true).await.map(|()| None),
        ("unblock", true) => change(request, false).await.map(|()| None),
        _ => Err(Condition::BadRequest.into()),
    }
}

fn list(request: &Request<'_>) -> Element {
    let server = request.server;
    server.router.update(request.user, request.number, |entry| {
        entry.wants_blocklist = true;
    });
    let blocked = server.blocking.list(request.user);
    build("blocklist", ns::BLOCKING)
        .children(blocked.iter().map(item))
        .done()
}

fn item(address: &String) -> element::Build {
    build("item", ns::BLOCKING).attr("jid", address)
}

fn addresses(payload: &Element) -> Result<BTreeSet<String>, StanzaError> {
    let mut all = BTreeSet::new();
    for item in payload.children() {
        let address = item.attr("jid").filter(|_| item.is("item", ns::BLOCKING));
        let address = Jid::new(address.ok_or(Condition::BadRequest)?)
            .map_err(|_| StanzaError::from(Condition::JidMalformed))?;
        all.insert(address.to_string());
        if all.len() > MAX_BLOCKED {
            return Err(too_many());
        }
    }
    Ok(all)
}

fn too_many() -> StanzaError {
    StanzaError::from(Condition::NotAcceptable).with_text("too many addresses are blocked")
}

async fn change(request: &Request<'_>, blocks: bool) -> Result<(), StanzaError> {
    let named = addresses(request.payload)?;
    if blocks && named.is_empty() {
        return Err(Condition::BadRequest.into());
    }
    let (owner, addresses) = (
        request.user.to_owned(),
        named.iter().cloned().collect::<Vec<_>>(),
    );
    let (server, user) = (Arc::clone(request.server), request.user.to_owned());
    let written = request.server.store.write_then(
        move |tx| match (blocks, addresses.is_empty()) {
            (true, _) => blocked::add(tx, &owner, &addresses, MAX_BLOCKED),
            (false, false) => blocked::remove(tx, &owner, &addresses).map(|()| true),
            (false, true) => blocked::clear(tx, &owner).map(|()| true),
        },
        move |fits| {
            if fits {
                apply(&server, &user, named, blocks);
            }
            fits
        },
    );
    match written.await {
        Ok(true) => Ok(()),
        Ok(false) => Err(too_many()),
        Err(error) => {
            tracing::error!(%error, "block list not written");
            Err(Condition::InternalServerError.into())
        }
    }
}

/// What is on disk takes effect: in memory, for the own sessions, and for those
/// whom the owner vanishes from or comes back to.
fn apply(server: &Server, user: &str, named: BTreeSet<String>, blocks: bool) {
    let before = server.blocking.list(user);
    let push = build(if blocks { "block" } else { "unblock" }, ns::BLOCKING)
        .children(named.iter().map(item))
        .done();
    server.blocking.change(user, |list| match blocks {
        true => list.extend(named),
        false if named.is_empty() => list.clear(),
        false => list.retain(|address| !named.contains(address)),
    });
    tell_own(server, user, push);
    let now = server.blocking.list(user);
    if !blocks {
        show_again(server, user, &before, &now);
    }
    let own = server.bare(user);
    let changed = |other: &str, resource: &str| {
        let address = format!("{}/{resource}", server.bare(other));
        let was = matches(&address, |form| before.contains(form));
        let is = matches(&address, |form| now.contains(form));
        other != user
            && was != is
            && !server.blocks(other, &own)
            && server.may_see_presence(user, other)
    };
    for presence in server.router.presences_of(user) {
        let presence = match blocks {
            true => gone(&presence),
            false => presence,
        };
        if let Some(outgoing) = outgoing(&presence) {
            server.router.broadcast(&outgoing, |other, entry| {
                entry.presence.is_some() && changed(other, &entry.resource)
            });
        }
    }
}

/// Shows the owner those who are blocked no longer as they are now: what they showed
/// meanwhile did not come.
fn show_again(server: &Server, user: &str, before: &BTreeSet<String>, now: &BTreeSet<String>) {
    // Accounts and domains, whether whole or a session of them.
    let freed: BTreeSet<&str> = before
        .difference(now)
        .map(|address| address.split('/').next().unwrap_or(address))
        .collect();
    let is_freed = |other: &str| {
        freed.contains(server.domain()) || freed.contains(server.bare(other).as_str())
    };
    let sources = server.sources(user);
    // Leaves room in the queue for everything else.
    let mut left = server.config.limits.session_queue / 4;
    let others = server.rosters.people(left, |person| {
        let other = person.localpart.as_str();
        other != user && sources.has(other) && is_freed(other)
    });
    let own = server.bare(user);
    for other in others.iter().map(|person| person.localpart.as_str()) {
        let bare = server.bare(other);
        let mut shown: Vec<(String, Outgoing)> = server
            .router
            .shown_by(other)
            .into_iter()
            .map(|(resource, presence)| (format!("{bare}/{resource}"), presence))
            .collect();
        if shown.is_empty() {
            shown.extend(unavailable(&bare).map(|gone| (bare.clone(), gone)));
        }
        shown.retain(|(address, _)| matches(address, |form| before.contains(form)));
        for (address, presence) in shown {
            if left == 0 {
                tracing::debug!("not all who are blocked no longer are shown");
                return;
            }
            left -= 1;
            server.router.deliver(user, &presence.to(&own), |entry| {
                entry.presence.is_some() && !server.parts(other, &address, user, &entry.resource)
            });
        }
    }
}

fn gone(presence: &Element) -> Element {
    build("presence", ns::CLIENT)
        .attr("type", "unavailable")
        .attr_opt("from", presence.attr("from"))
        .done()
}

/// The push to the own sessions that know the list.
fn tell_own(server: &Server, user: &str, push: Element) {
    let mut iq = build("iq", ns::CLIENT)
        .attr("type", "set")
        .attr("id", format!("push-{}", server.session_number()))
        .child(push)
        .done();
    let own = server.bare(user);
    server.router.with_sessions(user, |entries| {
        for entry in entries.iter().filter(|entry| entry.wants_blocklist) {
            let to = format!("{own}/{}", entry.resource);
            set_attr(&mut iq, "to", Some(&to));
            if let Some(outgoing) = outgoing(&iq) {
                crate::router::send(entry, &outgoing);
            }
        }
    });
}

fn outgoing(stanza: &Element) -> Option<Outgoing> {
    let xml = element::write(stanza);
    xml.ok().map(|xml| Outgoing {
        xml: xml.into(),
        archived: None,
    })
}
