use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use ts_rs::TS;

/// Why something could not be done, for code that branches and for the
/// interface's table of sentences. A code exists only if someone acts on it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, TS)]
#[serde(rename_all = "kebab-case")]
#[ts(export)]
pub enum ErrorCode {
    /// Nothing was typed.
    InputEmpty,
    /// The text is neither a link nor a server address.
    InputNotUnderstood,
    /// A link of ours that was cut off or altered on its way.
    LinkDamaged,
    /// A link or document made for a newer version of the program.
    LinkTooNew,
    /// A navigation document whose signature or issuer does not fit.
    NavigationNotTrusted,
    /// A navigation document that is no longer valid.
    NavigationExpired,
    /// The invitation was used up, revoked or has run out.
    InviteNotValid,
    /// No server is known by that name (name lookup failed).
    ServerUnknown,
    /// This computer has no network, or none that leads there.
    NoNetwork,
    /// The name is known, but nothing answers there (refused, time out).
    ServerUnreachable,
    /// The network wants people to sign in on a web page of its own first.
    CaptivePortal,
    /// The proxy does not answer, or refuses to connect to the server.
    ProxyFailed,
    /// The proxy wants a user name and password, or others than it was given.
    ProxyPassword,
    /// Something answers, but it does not speak our protocol.
    NotAChatServer,
    /// A chat server, but for other domains.
    DomainNotServed,
    /// The server speaks a version of the protocol that we do not.
    VersionNotSupported,
    /// The server sends us to another place, which leads nowhere.
    RedirectRefused,
    /// The server's certificate does not prove that it is the expected server:
    /// nobody that counts has signed it.
    CertificateNotTrusted,
    /// The server's certificate is no longer valid, or not yet.
    CertificateExpired,
    /// The server's certificate is for another name.
    CertificateWrongName,
    /// The server's key is another than the one that the invitation names.
    CertificateKeyChanged,
    /// The server asks for a way to sign in, or a security level, that we refuse or lack.
    SignInNotSupported,
    /// The server offers only a weaker way to sign in than it did before. Typing
    /// the password again accepts it.
    SignInDowngraded,
    /// User name or password is wrong.
    WrongPassword,
    /// The account was locked by the server.
    AccountDisabled,
    /// The account is not there any more.
    AccountRemoved,
    /// This device was signed out from another one, or the password has run out:
    /// the password has to be typed.
    SignInExpired,
    /// Another program has taken the place of this one.
    SignedInElsewhere,
    /// The server has too much to do; it is asked again later.
    ServerBusy,
    /// The server is being shut down or restarted.
    ServerShuttingDown,
    /// The server ended the connection because of its rules.
    PolicyViolation,
    /// The name that was chosen exists already on this server.
    NameTaken,
    /// The name has no usable letters or is too long.
    NameInvalid,
    /// The password is empty or shorter than the server wants.
    PasswordTooWeak,
    /// This server gives no accounts to newcomers without an invitation.
    RegistrationClosed,
    /// The account is in this app already.
    AlreadyJoined,
    /// The system's keyring is not available; the password is asked at each start.
    KeyringUnavailable,
    /// Another process uses this profile (`path`).
    ProfileInUse,
    /// The folder of the profile cannot be made, read or written (`path`).
    ProfileFolder,
    /// The account must first be unlocked with its password.
    Locked,
    /// The local cache could not be read or written.
    CacheFailed,
    /// Another program (or another start of this one) uses the port (`port`).
    PortInUse,
    /// The built-in server could not start for another reason.
    ServerStartFailed,
    /// Too little space left on the disk.
    DiskFull,
    /// The file could not be written where it was wanted.
    FileNotWritten,
    /// The message is empty or longer than the limit (`limit` in bytes).
    MessageTooLong,
    /// The server refused the message for good.
    MessageRejected,
    /// The server's limits refuse the message: too large, or too much at once.
    MessageTooLarge,
    /// Nobody has this address.
    RecipientUnknown,
    /// Whoever had this address has left, or has another one now.
    RecipientGone,
    /// The user has blocked this address.
    RecipientBlocked,
    /// The other side cannot take messages now (its server does not answer, or
    /// keeps no more); trying again later may help.
    RecipientUnavailable,
    /// The user may not do this (write here, change what others wrote).
    NotAllowed,
    /// There is no room of that address.
    RoomUnknown,
    /// A room of that address is there already.
    RoomExists,
    /// The room asks for a password, or for another one.
    RoomPassword,
    /// Only members get into the room.
    RoomMembersOnly,
    /// The user is banned from the room.
    RoomBanned,
    /// The room is full.
    RoomFull,
    /// Somebody in the room has that nickname.
    NickTaken,
    /// The server has no rooms, or nobody may make one.
    RoomsNotOffered,
    /// The user is not in the room.
    NotInRoom,
    /// The picture is none, or larger than the limit (`limit` in bytes).
    PictureNotUsable,
    /// The file is larger than the limit (`limit` in bytes), or than the server takes.
    FileTooLarge,
    /// The file has nothing in it.
    FileEmpty,
    /// The server takes no files.
    FilesNotOffered,
    /// The server has no room left, for this account or at all.
    FileQuota,
    /// The server does not take this file.
    FileRefused,
    /// The file is not what it was when it was sent.
    FileChanged,
    /// The file is not there, is no file, or may not be read.
    FileNotReadable,
    /// The server does not have the file (any more).
    FileNotOnServer,
    /// What was fetched is not what the sender said.
    FileDamaged,
    /// The address of the file is not one of the secured web, or leads elsewhere.
    FileAddressRefused,
    /// The user ended it.
    Cancelled,
    /// There is no such account, conversation or message (any more).
    NotFound,
    /// The server answered with an error that has no better code.
    ServerRefused,
    /// This server, or this room, cannot do what was asked.
    NotSupported,
    /// This needs the server, and there is no connection now.
    NotConnected,
    /// The operation took too long.
    TimedOut,
    /// A fault in the program; the details are in the log.
    Internal,
}

/// An error as it crosses the contract: a code, values to put into the
/// sentence, and one line of technical detail that a person may copy for
/// support. The detail never holds a secret or the text of a message.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS, thiserror::Error)]
#[error("{code:?}: {detail}")]
#[ts(export)]
pub struct ApiError {
    /// What went wrong.
    pub code: ErrorCode,
    /// Named values for the sentence: `server`, `name`, `limit`, `path`, …
    #[serde(default)]
    pub values: BTreeMap<String, String>,
    /// Technical detail in English.
    #[serde(default)]
    pub detail: String,
}

impl ApiError {
    /// An error with nothing but its code.
    #[must_use]
    pub fn new(code: ErrorCode) -> Self {
        Self {
            code,
            values: BTreeMap::new(),
            detail: String::new(),
        }
    }

    /// What the disk refuses: [`ErrorCode::DiskFull`], or else that code.
    pub(crate) fn of_disk(error: &std::io::Error, otherwise: ErrorCode) -> Self {
        use std::io::ErrorKind::{QuotaExceeded, StorageFull};
        let code = match error.kind() {
            StorageFull | QuotaExceeded => ErrorCode::DiskFull,
            _ => otherwise,
        };
        Self::new(code).detail(error)
    }

    /// Adds the technical detail.
    #[must_use]
    pub fn detail(mut self, detail: impl ToString) -> Self {
        self.detail = detail.to_string();
        self
    }

    /// Adds a value for the sentence.
    #[must_use]
    pub fn value(mut self, name: &str, value: impl ToString) -> Self {
        self.values.insert(name.to_owned(), value.to_string());
        self
    }
}

impl From<ErrorCode> for ApiError {
    fn from(code: ErrorCode) -> Self {
        Self::new(code)
    }
}
