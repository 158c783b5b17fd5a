//! The roster of an exported user: as another server should have it, and as it
//! is kept here.

use xmpp_core::element::{self, Build, build};
use xmpp_core::ns;

use super::{Dialect, Team};
use crate::exchange::ExchangeError;
use crate::exchange::output::Output;
use crate::roster::DELIMITER;
use crate::store::directory::Person;
use crate::store::roster::{self, Item};

/// Writes what a user has set, then the roster that follows from it.
pub(super) fn write(
    out: &mut Output<'_>,
    team: &Team<'_>,
    user: &str,
) -> Result<(), ExchangeError> {
    let items = roster::items(team.db, user)?;
    // First, so that an import of ours knows that the roster says nothing new.
    if team.dialect == Dialect::Standard {
        let own = items.iter().map(kept);
        out.element(&build("contacts", ns::EXPORT).children(own).done())?;
    }
    let shown = build("query", ns::ROSTER).children(shown(team, user, &items));
    out.element(&shown.done())?;
    for request in items.iter().filter_map(|item| item.request.as_deref()) {
        if let Ok(stanza) = element::parse(request.as_bytes()) {
            out.element(&stanza)?;
        }
    }
    Ok(())
}

/// An item with all that is kept of it but the request, which stands for itself.
fn kept(item: &Item) -> Build {
    let flag = |set: bool| set.then_some("true");
    let groups = item.groups.iter().flatten();
    let groups = groups.map(|name| build("group", ns::EXPORT).text(name));
    build("contact", ns::EXPORT)
        .attr("jid", &item.contact)
        .attr("subscription", item.state.subscription())
        .attr_opt("name", item.name.as_deref())
        .attr_opt("grouped", flag(item.groups.is_some()))
        .attr_opt("ask", flag(item.state.pending_out))
        .attr_opt("approved", flag(item.state.approved))
        .attr_opt("listed", flag(item.listed))
        .children(groups)
}

/// The items as their owner sees them. A team that sees itself here without
/// asking would not do so elsewhere, so colleagues are in it.
fn shown(team: &Team<'_>, user: &str, items: &[Item]) -> Vec<Build> {
    let find = |contact: &str| items.iter().find(|item| item.contact == contact);
    let mut shown = Vec::new();
    if team.is_shared {
        for person in team.people.iter().filter(|person| person.localpart != user) {
            let contact = format!("{}@{}", person.localpart, team.domain);
            shown.push(colleague(team, person, &contact, find(&contact)));
        }
    }
    for item in items.iter().filter(|item| item.listed) {
        let is_colleague = team.is_shared
            && item.contact.split_once('@').is_some_and(|(local, domain)| {
                domain == team.domain && team.people.iter().any(|one| one.localpart == local)
            });
        if !is_colleague {
            let groups = item.groups.iter().flatten();
            let built = build("item", ns::ROSTER)
                .attr("jid", &item.contact)
                .attr_opt("name", item.name.as_deref())
                .attr("subscription", item.state.subscription())
                .attr_opt("ask", item.state.pending_out.then_some("subscribe"))
                .attr_opt("approved", item.state.approved.then_some("true"))
                .children(groups.map(|name| build("group", ns::ROSTER).text(name)));
            shown.push(built);
        }
    }
    shown
}

fn colleague(team: &Team<'_>, person: &Person, contact: &str, item: Option<&Item>) -> Build {
    let name = item.and_then(|item| item.name.as_deref());
    let groups = match (
        item.and_then(|item| item.groups.clone()),
        &person.department,
    ) {
        (Some(groups), _) => groups,
        (None, Some(path)) => vec![format!("{}{DELIMITER}{path}", team.name)],
        (None, None) if team.name.is_empty() => Vec::new(),
        (None, None) => vec![team.name.to_owned()],
    };
    build("item", ns::ROSTER)
        .attr("jid", contact)
        .attr("name", name.unwrap_or(&person.display_name))
        .attr("subscription", "both")
        .children(
            groups
                .into_iter()
                .map(|name| build("group", ns::ROSTER).text(name)),
        )
}
