//! A busy office: colleagues who write to one person, and in a room.

use server_tests::peer::{Peer, Security, Target};
use server_tests::startalk::PASSWORD;
use system_tests::words::Words;
use tokio::sync::mpsc::{UnboundedSender, unbounded_channel};
use xmpp_core::ns;
use xmpp_core::sasl::Mechanism;

use crate::USER;

/// The colleagues.
pub(crate) const NAMES: &[&str] = &[
    "anna", "bo", "chen", "dora", "emil", "fang", "gu", "hana", "ivan", "jun",
];
/// The room where all of them are.
pub(crate) const ROOM: &str = "office@conference.localhost";
/// Messages of a minute, of all together.
const A_MINUTE: usize = 60;

/// The colleagues, signed in.
pub(crate) struct Office {
    /// What each of them says.
    says: Vec<UnboundedSender<String>>,
    words: Words,
    number: u64,
}

impl Office {
    /// Signs all of them in, and opens the room.
    pub(crate) async fn open(target: &Target) -> Self {
        let mut says = Vec::new();
        for (n, name) in NAMES.iter().enumerate() {
            let mut peer = Peer::session(
                target,
                Security::Direct,
                Mechanism::ScramSha256,
                (name, PASSWORD),
                "desk",
            )
            .await
            .expect("signs in");
            peer.send("<presence/>").await.expect("sent");
            let join = format!(
                "<presence to='{ROOM}/{name}'><x xmlns='http://jabber.org/protocol/muc'>\
                 <history maxstanzas='0'/></x></presence>"
            );
            peer.send(&join).await.expect("sent");
            if n == 0 {
                // A new room is locked until it is set up.
                let open = "<query xmlns='http://jabber.org/protocol/muc#owner'>\
                            <x xmlns='jabber:x:data' type='submit'/></query>";
                peer.ask("set", ROOM, open).await.expect("the room opens");
            }
            let (say, mut said) = unbounded_channel::<String>();
            says.push(say);
            tokio::spawn(async move {
                loop {
                    tokio::select! {
                        heard = peer.raw() => if !matches!(heard, Ok(Some(_))) { return },
                        stanza = said.recv() => match stanza {
                            Some(stanza) => if peer.send(&stanza).await.is_err() { return },
                            None => return,
                        },
                    }
                }
            });
        }
        Self {
            says,
            words: Words::new(7),
            number: 0,
        }
    }

    /// What is written in a minute; the first colleague writes last. Gives that text.
    pub(crate) fn minute(&mut self, minute: u32) -> String {
        for n in 1..A_MINUTE {
            let text = self.words.text();
            // Half of an office's talk is in rooms.
            let room = n % 2 == 0;
            self.write(1 + n % (NAMES.len() - 1), room, &text);
        }
        let last = format!("minute {minute} is over");
        self.write(0, false, &last);
        last
    }

    fn write(&mut self, who: usize, room: bool, text: &str) {
        self.number += 1;
        let (to, kind) = if room {
            (ROOM.to_owned(), "groupchat")
        } else {
            (format!("{USER}@localhost"), "chat")
        };
        let stanza = format!(
            "<message to='{to}' type='{kind}' id='m{}'><body>{text}</body>\
             <request xmlns='{}'/><markable xmlns='{}'/></message>",
            self.number,
            ns::RECEIPTS,
            ns::MARKERS,
        );
        self.says[who].send(stanza).expect("still there");
    }
}
