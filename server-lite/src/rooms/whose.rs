//! Whose words they are, for who knows no more than the address in a room.

use jid::Jid;

use super::Rooms;

impl Rooms {
    /// Whether an address in a room is that of an account, which is given by its
    /// bare address.
    pub(crate) fn is_of(&self, address: &Jid, user: &str) -> bool {
        let (Some(name), Some(nick)) = (address.node(), address.resource()) else {
            return false;
        };
        if address.domain().as_str() != self.domain {
            return false;
        }
        let is_theirs = self.with(name.as_str(), |room| {
            let place = room.by_nick(nick.as_str());
            let occupant = place.and_then(|place| room.occupants.get(place));
            occupant.is_some_and(|occupant| occupant.user == user)
        });
        is_theirs == Some(true)
    }
}
