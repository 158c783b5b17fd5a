//! The command line.

use std::path::PathBuf;

use clap::{Parser, Subcommand};

use crate::files::FileCommand;
use crate::people::People;

/// Team chat in a terminal.
///
/// Passwords are read from standard input, never from the command line. Exit
/// codes: 0 done, 1 refused or failed, 2 wrong usage.
#[derive(Parser)]
#[command(name = "startalk-cli", version)]
pub(crate) struct Cli {
    /// Folder of the profile; made if it is missing.
    #[arg(long)]
    pub(crate) profile: PathBuf,
    /// Answer as JSON, one value a line.
    #[arg(long, global = true)]
    pub(crate) json: bool,
    /// Which account, if there are several.
    #[arg(long, global = true)]
    pub(crate) account: Option<String>,
    /// Read the password of a locked account from standard input.
    #[arg(long, global = true)]
    pub(crate) password_stdin: bool,
    #[command(subcommand)]
    pub(crate) command: Command,
}

#[derive(Subcommand)]
pub(crate) enum Command {
    /// What a link or address would lead to.
    Preview {
        /// Invite link, navigation link, server or account address.
        input: String,
    },
    /// Joins with an invite, or signs in; the password is read from standard input.
    Join {
        /// Invite link, navigation link, server or account address.
        input: String,
        /// Name that others see, or the user name of an account that exists.
        #[arg(long)]
        name: String,
    },
    /// Lists the accounts of the profile.
    Accounts,
    /// Lists the contacts.
    Contacts,
    /// Lists the conversations.
    Conversations,
    /// Sends a message; it waits in the outbox if there is no connection.
    Send {
        /// Address of the contact.
        address: String,
        /// The text.
        text: String,
        /// The number of the message that it answers, as `read` shows it.
        #[arg(long)]
        reply_to: Option<i64>,
        /// Somebody whom the text names as @NAME: NAME=ADDRESS. May be repeated.
        #[arg(long = "mention", value_name = "NAME=ADDRESS")]
        mentions: Vec<String>,
        /// Wait so many seconds until the server has it.
        #[arg(long, default_value_t = 15)]
        wait: u64,
    },
    /// Changes, takes back, or looks into one message.
    #[command(subcommand)]
    Message(MessageCommand),
    /// Files.
    #[command(flatten)]
    Files(FileCommand),
    /// Shows the newest messages of a conversation.
    Read {
        /// Address of the contact.
        address: String,
        /// How many.
        #[arg(long, default_value_t = 20)]
        limit: u32,
    },
    /// Decides about a conversation: muted, pinned, put away, removed.
    Conversation {
        /// Address of the contact or room.
        address: String,
        #[command(subcommand)]
        what: Decision,
    },
    /// Writes a conversation into a file, and its attachments beside it.
    Export {
        /// Address of the contact or room.
        address: String,
        /// The file; a name that ends with .html makes a page, any other JSON.
        file: PathBuf,
        /// Time zone of the page.
        #[arg(long, default_value = "UTC")]
        time_zone: String,
    },
    /// Says what the account takes up on this device.
    Storage,
    /// Says or sets which proxy is used, by all accounts of the profile.
    #[command(subcommand)]
    Proxy(crate::connection::Proxy),
    /// Trusts the key that the server has now, in place of the one of before.
    TrustKey {
        /// Its fingerprint, as whoever runs the server says it.
        fingerprint: String,
    },
    /// Lists the devices of the account, or signs one of them out.
    Sessions {
        #[command(subcommand)]
        command: Option<crate::sessions::Sessions>,
    },
    /// Rooms.
    Rooms {
        #[command(subcommand)]
        command: crate::rooms::Rooms,
    },
    /// Contacts, profiles, presence, blocking, the directory.
    #[command(subcommand)]
    People(People),
    /// Searches messages, the newest first, or (--names) names, the best first.
    Search(crate::search::Search),
    /// Prints what changes until it is stopped (Ctrl-C).
    Watch,
    /// Lets a browser of this machine be the window, until it is stopped (Ctrl-C);
    /// prints the address to open. Only in development builds.
    #[cfg(debug_assertions)]
    Bridge(crate::bridge::Bridge),
    /// Signs out.
    SignOut {
        /// Removes the local history too.
        #[arg(long)]
        wipe: bool,
    },
}

/// Messages go by the numbers that `read` shows.
#[derive(Subcommand)]
pub(crate) enum MessageCommand {
    /// Changes a message of yours.
    Edit {
        /// Number of the message.
        message: i64,
        /// The new text.
        text: String,
    },
    /// Takes a message of yours back, for everybody.
    Retract {
        /// Number of the message.
        message: i64,
    },
    /// Sets all that you react with; nothing takes all back.
    React {
        /// Number of the message.
        message: i64,
        /// Emojis.
        emojis: Vec<String>,
    },
    /// Sends a copy to somebody else.
    Forward {
        /// Number of the message.
        message: i64,
        /// Address to send it to.
        address: String,
    },
    /// Tries a message that failed once more.
    Retry {
        /// Number of the message.
        message: i64,
    },
    /// Removes a message that failed.
    Delete {
        /// Number of the message.
        message: i64,
    },
    /// Says who has a message, since when, and what it said before.
    Details {
        /// Number of the message.
        message: i64,
    },
}

/// What is decided about a conversation.
#[derive(Subcommand)]
pub(crate) enum Decision {
    /// Tells of nothing, or of mentions only.
    Mute {
        /// Messages that name me pass.
        #[arg(long)]
        mentions: bool,
        /// For so many hours; without it for ever.
        #[arg(long)]
        hours: Option<u32>,
    },
    /// Tells of all messages again.
    Unmute,
    /// Puts it to this place among the pinned ones (from 0); without it the last.
    Pin {
        /// The place.
        place: Option<u32>,
    },
    /// Takes it from the pinned ones.
    Unpin,
    /// Puts it away until somebody writes.
    Archive,
    /// Takes it back.
    Unarchive,
    /// Marks it as one to come back to.
    MarkUnread {
        /// The id of a message that counts as unread again, with all later ones.
        #[arg(long)]
        from: Option<i64>,
    },
    /// Removes what was read from this device; the server keeps it.
    Clear,
    /// Removes it and its messages from this device.
    Remove,
}
