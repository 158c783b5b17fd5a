//! Rooms (XEP-0045).

mod affiliations;
mod bounds;
mod coming_and_going;
mod entering_and_speaking;
mod entering_many;
mod everybody;
mod fan_out;
mod history;
mod keeping_names;
mod keeping_order;
mod passing;
mod setting_up;
mod two_at_once;

use xmpp_core::ns;

use crate::client::Client;

/// Opens any room with its default configuration.
pub(crate) async fn open_room(client: &mut Client, room: &str, nick: &str) {
    client
        .send(format!(
            "<presence to='{room}/{nick}'><x xmlns='http://jabber.org/protocol/muc'/></presence>"
        ))
        .await;
    client
        .until(|element| element.has_child("subject", ns::CLIENT))
        .await;
    let instant = "<query xmlns='http://jabber.org/protocol/muc#owner'>\
                   <x xmlns='jabber:x:data' type='submit'/></query>";
    client.set(room, instant).await.unwrap();
}
