//! What people do, and what has to come of it, on any server.

mod decisions;
mod devices;
mod faults;
mod files;
mod history;
mod messages;
mod notices;
mod people;
mod receipts;
mod restarts;
mod rooms;
mod said;
mod scripted;
mod search;
mod signing_in;

use anyhow::Result;
use futures_util::future::LocalBoxFuture;
use navigation::Transport;

use crate::world::World;

/// Over which ways a scenario is run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Over {
    /// TCP with STARTTLS, and WebSocket.
    Both,
    /// These and direct TLS.
    All,
    /// Direct TLS: what is scripted does not depend on the way.
    Direct,
    /// All of them at the same time, and nothing else beside: the server itself
    /// is stopped.
    Alone,
}

impl Over {
    /// The runs of a scenario.
    #[must_use]
    pub fn transports(self) -> &'static [Transport] {
        match self {
            Self::Both => &[Transport::StartTls, Transport::WebSocket],
            Self::All => &[
                Transport::StartTls,
                Transport::DirectTls,
                Transport::WebSocket,
            ],
            Self::Direct | Self::Alone => &[Transport::DirectTls],
        }
    }
}

/// One of them.
#[derive(Debug, Clone, Copy)]
pub struct Scenario {
    /// What it is about, for people.
    pub name: &'static str,
    /// Over which ways.
    pub over: Over,
    /// Runs it.
    pub run: fn(World) -> LocalBoxFuture<'static, Result<()>>,
}

macro_rules! scenarios {
    ($($name:literal, $over:ident, $run:path;)*) => {
        &[$(Scenario {
            name: $name,
            over: Over::$over,
            run: |world| Box::pin($run(world)),
        }),*]
    };
}

/// All scenarios. Long ones first, so that the end is not one of them alone.
pub const SCENARIOS: &[Scenario] = scenarios! {
    "cut at every stage of signing in", All, faults::cut_while_signing_in;
    "cut at every stage of sending", Both, faults::cut_while_sending;
    "a connection that stalls", Both, faults::stalled;
    "a connection that is half open", Both, faults::half_open;
    "a long absence: three pages of the archive", Both, history::long_absence;
    "cut at every stage of catching up", Direct, history::cut_while_catching_up;
    "a long history, scrolling up", Direct, history::scrolling_up;
    "the order of two hundred messages", Both, messages::order_of_two_hundred;
    "bytes that come one by one", Both, faults::split;
    "an acknowledgement that is lost", Both, faults::lost_acknowledgement;
    "going on after a cut", Both, faults::cut_and_resumed;
    "an acknowledgement is lost, and the session is gone", Direct, scripted::forgotten_session;
    "a cut is followed by a resumption", Direct, scripted::resumed;
    "everything is delivered twice", Direct, scripted::delivered_twice;
    "signing in", All, signing_in::sign_in;
    "a wrong password", Both, signing_in::wrong_password;
    "a name that nobody has", Both, signing_in::unknown_name;
    "a server that is another one", All, signing_in::wrong_key;
    "an invitation", Both, signing_in::invitation;
    "two accounts in one profile", Both, signing_in::two_accounts;
    "another password", Both, signing_in::another_password;
    "signing out, and nothing is left", Both, signing_in::sign_out_wipes;
    "a first message between two who do not know each other", Both, messages::first_message;
    "texts of all kinds", Both, messages::texts_of_all_kinds;
    "written offline, sent when connected", Both, messages::written_offline;
    "to somebody who was never there", Both, messages::to_an_absent_person;
    "delivered, then read", Both, messages::receipts_and_markers;
    "typing", Both, messages::typing;
    "drafts stay on their device", Both, messages::drafts_are_local;
    "who is there", Both, messages::presence;
    "a file is sent and fetched", Both, files::sent_and_fetched;
    "a file sent offline", Both, files::sent_offline;
    "a file that is too large", Direct, files::too_large;
    "searching on this device", Both, search::on_this_device;
    "searching on the server", Both, search::on_the_server;
    "the life of a room", Both, rooms::life;
    "a room after an absence", Both, rooms::absence;
    "a room on two devices", Both, rooms::two_devices;
    "what is said about messages between two", Both, said::between_two;
    "what is said about messages in a room", Both, said::in_a_room;
    "a moderator takes a message back", Both, said::moderated;
    "what this program does not know", Direct, said::not_known;
    "who leads somebody", Both, people::manager;
    "a card of the older kind that was there before", Direct, people::older_card;
    "somebody is blocked", Both, decisions::blocking;
    "muted, pinned, put away", Direct, decisions::about_conversations;
    "silent and pinned on all devices", Both, decisions::on_all_devices;
    "the notice of a room, and who has closed it", Both, notices::read;
    "everybody in a room is named", Both, notices::everybody;
    "moderators alone name everybody", Both, notices::everybody_by_moderators;
    "a token in the place of the password", Both, signing_in::token;
    "how far was read, for any program", Both, devices::positions;
    "two devices of one account", Both, devices::carbons;
    "read on another device", Both, devices::read_elsewhere;
    "the devices of an account", Both, devices::sessions;
    "a device is signed out from another one", Both, devices::signed_out;
    "a new device has the history", Both, history::new_device;
    "a restart: first the cache, then what was missed", Both, history::restart;
    "the server is stopped and started", Alone, restarts::stopped;
    "the server is killed while people write", Alone, restarts::killed;
    "killed before it could acknowledge", Alone, restarts::killed_before_acknowledging;
};

/// So many texts that differ.
pub(crate) fn numbered(prefix: &str, number: usize) -> Vec<String> {
    (1..=number).map(|n| format!("{prefix} {n}")).collect()
}
