//! What occupants see of each other (XEP-0045, section 7): each change is
//! written once for those who see it alike.

use xmpp_core::element::{build, set_attr};
use xmpp_core::{Element, ns};

use super::affiliation::Role;
use super::post::{Post, Written};
use super::room::{Occupant, Room, Seat, status};

/// What goes with a presence besides who it is from.
#[derive(Debug, Clone, Default)]
pub(super) struct Change<'a> {
    /// Status codes for everybody (section 15.6.2).
    pub(super) codes: &'a [u16],
    /// Status codes for the one it is about.
    pub(super) own_codes: &'a [u16],
    pub(super) new_nick: Option<&'a str>,
    /// Nickname of who did it.
    pub(super) actor: Option<&'a str>,
    pub(super) reason: Option<&'a str>,
    /// What took the room's place (section 10.9).
    pub(super) destroy: Option<&'a Element>,
    /// The presence with which somebody leaves.
    pub(super) farewell: Option<&'a Element>,
    /// Id of the presence that its sender gets back.
    pub(super) own_id: Option<&'a str>,
}

impl Change<'_> {
    /// A change with codes for everybody.
    pub(super) fn with_codes(codes: &[u16]) -> Change<'_> {
        Change {
            codes,
            ..Change::default()
        }
    }
}

/// How somebody sees another.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum View {
    /// Themselves.
    Own,
    /// With the address.
    Open,
    /// Without it.
    Closed,
}

impl Room {
    fn may_see_addresses(&self, role: Role) -> bool {
        self.config.non_anonymous || role == Role::Moderator
    }

    fn view(&self, about: &Occupant, viewer: &Occupant) -> View {
        if about.nick == viewer.nick {
            View::Own
        } else if self.may_see_addresses(viewer.role) {
            View::Open
        } else {
            View::Closed
        }
    }

    /// Whether somebody sees a person of this role come and go
    /// (`muc#roomconfig_presencebroadcast`); who keeps order sees everybody.
    fn sees(&self, viewer: Role, role: Role) -> bool {
        viewer == Role::Moderator || self.config.shown_roles.contains(&role)
    }

    /// The presence of one as another sees it.
    pub(super) fn presence(
        &self,
        about: &Occupant,
        seat: &Seat,
        view: View,
        is_available: bool,
        change: &Change<'_>,
    ) -> Element {
        let mut presence = build("presence", ns::CLIENT).attr("from", self.address_of(&about.nick));
        if is_available {
            presence = presence.children(seat.presence.children().cloned());
        } else {
            let words = change.farewell.into_iter().flat_map(Element::children);
            presence = presence.attr("type", "unavailable").children(
                words
                    .filter(|child| child.is("status", ns::CLIENT))
                    .cloned(),
            );
        }
        if view == View::Own {
            // So that a client finds the answer to what it sent (section 7.2.2).
            presence = presence.attr_opt("id", change.own_id);
        }
        let mut item = build("item", ns::MUC_USER)
            .attr("affiliation", self.affiliation(&about.user).as_str())
            .attr(
                "role",
                if is_available || change.new_nick.is_some() {
                    about.role.as_str()
                } else {
                    Role::None.as_str()
                },
            )
            .attr_opt("nick", change.new_nick);
        if view != View::Closed {
            item = item.attr("jid", seat.address.as_str());
        }
        if let Some(actor) = change.actor {
            item = item.child(build("actor", ns::MUC_USER).attr("nick", actor));
        }
        if let Some(reason) = change.reason {
            item = item.child(build("reason", ns::MUC_USER).text(reason));
        }
        let (own, own_codes): (&[u16], &[u16]) = match view {
            View::Own => (&[110], change.own_codes),
            View::Open | View::Closed => (&[], &[]),
        };
        let codes = own.iter().chain(own_codes).chain(change.codes);
        let mut user = build("x", ns::MUC_USER)
            .child(item)
            .children(codes.map(status));
        if let Some(destroy) = change.destroy {
            user = user.child(destroy.clone());
        }
        presence
            .child(user)
            .child(self.occupant_id(&about.user))
            .done()
    }

    /// Shows a presence of somebody to these.
    pub(super) fn show<'a>(
        &self,
        post: Post<'_>,
        about: &Occupant,
        seat: &Seat,
        is_available: bool,
        change: &Change<'_>,
        to: impl Iterator<Item = &'a Occupant>,
    ) {
        let (mut open, mut closed) = (None, None);
        for viewer in to {
            let view = self.view(about, viewer);
            let write = || Written::of(self.presence(about, seat, view, is_available, change));
            match view {
                View::Own if is_available => {
                    post.all(
                        self.presence(about, seat, view, true, change),
                        viewer.seats.iter(),
                    );
                }
                View::Own => {
                    for session in &viewer.seats {
                        // Each of their sessions hears it of itself.
                        let own = self.presence(about, session, view, false, change);
                        post.one(session, own);
                    }
                }
                View::Open | View::Closed if !self.sees(viewer.role, about.role) => {}
                View::Open => {
                    if let Some(written) = open.get_or_insert_with(write) {
                        post.written(written, viewer.seats.iter());
                    }
                }
                View::Closed => {
                    if let Some(written) = closed.get_or_insert_with(write) {
                        post.written(written, viewer.seats.iter());
                    }
                }
            }
        }
    }

    /// Tells everybody how somebody is now; `place` is theirs in the list.
    pub(super) fn announce(&self, post: Post<'_>, place: usize, change: &Change<'_>) {
        let Some(about) = self.occupants.get(place) else {
            return;
        };
        if let Some(seat) = about.seats.last() {
            self.show(post, about, seat, true, change, self.occupants.iter());
        }
    }

    /// Gives somebody who is there a role, and tells everybody.
    pub(super) fn set_role(
        &mut self,
        post: Post<'_>,
        place: usize,
        role: Role,
        change: &Change<'_>,
    ) {
        let Some(occupant) = self.occupants.get_mut(place) else {
            return;
        };
        let old = std::mem::replace(&mut occupant.role, role);
        self.announce(post, place, change);
        let Some(about) = self.occupants.get(place) else {
            return;
        };
        // For those who do not see that role they are gone.
        if let Some(seat) = about.seats.last() {
            let before = Occupant {
                role: old,
                ..about.clone()
            };
            let blind = self.occupants.iter().filter(|viewer| {
                viewer.nick != about.nick
                    && self.sees(viewer.role, old)
                    && !self.sees(viewer.role, role)
            });
            self.show(post, &before, seat, false, &Change::default(), blind);
        }
        // Who keeps order from now on sees more than before.
        if role == Role::Moderator && old != Role::Moderator {
            for other in &self.occupants {
                let is_new =
                    !self.config.non_anonymous || !self.config.shown_roles.contains(&other.role);
                if let Some(seat) = other
                    .seats
                    .last()
                    .filter(|_| is_new && other.nick != about.nick)
                {
                    let to = std::iter::once(about);
                    self.show(post, other, seat, true, &Change::default(), to);
                }
            }
        }
    }

    /// What a session that is there hears when the rooms shut down (section
    /// 15.6.2, code 332).
    pub(super) fn farewell(&self, session: u64) -> Option<Element> {
        let own = self.occupants.get(self.seat_of(session)?)?;
        let seat = own.seats.iter().find(|seat| seat.number == session)?;
        let mut gone = self.presence(own, seat, View::Own, false, &Change::with_codes(&[332]));
        set_attr(&mut gone, "to", Some(seat.address.as_str()));
        Some(gone)
    }

    /// Takes somebody out, and tells them and everybody else.
    pub(super) fn remove(&mut self, post: Post<'_>, place: usize, change: &Change<'_>) {
        if place >= self.occupants.len() {
            return;
        }
        let gone = self.occupants.remove(place);
        if let Some(last) = gone.seats.last() {
            let viewers = std::iter::once(&gone).chain(&self.occupants);
            self.show(post, &gone, last, false, change, viewers);
        }
    }

    /// One session of somebody goes; with the last one, they do.
    pub(super) fn leave(&mut self, post: Post<'_>, session: u64, farewell: Option<&Element>) {
        let change = Change {
            farewell,
            ..Change::default()
        };
        let Some(place) = self.seat_of(session) else {
            return;
        };
        let Some(occupant) = self.occupants.get_mut(place) else {
            return;
        };
        if occupant.seats.len() == 1 {
            self.remove(post, place, &change);
            return;
        }
        let mut gone = occupant.clone();
        let was_shown = occupant
            .seats
            .last()
            .is_some_and(|seat| seat.number == session);
        occupant.seats.retain(|seat| seat.number != session);
        gone.seats.retain(|seat| seat.number == session);
        if let Some(seat) = gone.seats.first() {
            let own = self.presence(&gone, seat, View::Own, false, &change);
            post.one(seat, own);
        }
        if was_shown {
            // The others saw the one that left; now they see another.
            self.announce(post, place, &Change::default());
        }
    }
}
