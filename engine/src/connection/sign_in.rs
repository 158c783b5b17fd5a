//! Signing in: the strongest way that both ends know, in as few round trips as
//! the server allows.
//!
//! * SASL 2 (XEP-0388) where it is offered: with a token where there is one
//!   (FAST, XEP-0484), resuming (XEP-0198) or binding (XEP-0386) in the same
//!   breath, with stream management and carbons enabled
//! * else SASL (RFC 6120, section 6), and the session binds by itself
//!
//! # For the session
//!
//! [`connect`] gives a [`SignedIn`]. Of these, in this order:
//!
//! 1. [`SignedIn::resumed`]: the old session goes on; settle up to its `h` and
//!    send the rest again. No features were read: there may come an element
//!    `stream:features`, to be ignored.
//! 2. [`SignedIn::not_resumed`]: the resumption that was asked for was refused
//!    *while signing in*; settle up to its `h` if it has one, and forget it.
//! 3. [`SignedIn::bound`]: there is a resource already; stream management is on
//!    if [`Bound::sm`] is there, carbons if [`Bound::carbons`].
//! 4. neither: resume (if it was not tried) or bind, as RFC 6120, section 7, and
//!    XEP-0198 say, with [`SignedIn::features`].

mod exchange;
mod memory;
mod offer;
mod sasl1;
mod sasl2;

use navigation::ServerTarget;
use tokio::time::{Instant, timeout, timeout_at};
use xmpp_core::Element;

use self::exchange::Exchange;
pub(crate) use self::memory::Memory;
use self::offer::Offer;
use super::dial::{MAX_REDIRECTIONS, Opened};
use super::{ConnectError, Connector, Transport, dial, portal};

/// Longest wait for a token to be revoked: nobody waits for it at sign-out.
const REVOKE: std::time::Duration = std::time::Duration::from_secs(5);

/// Who signs in.
#[derive(Clone, Copy)]
pub(crate) struct Login<'a> {
    pub(crate) username: &'a str,
    pub(crate) password: &'a str,
    /// Name of this device for the account, always the same: what the server
    /// ties tokens and resources to is made of it.
    pub(crate) device: &'a str,
    /// What is known of earlier sign-ins; without it nothing is learnt either.
    pub(crate) memory: Option<&'a Memory>,
}

/// What for.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Purpose<'a> {
    /// To see whether the server accepts the password. Neither session nor token.
    Prove,
    /// For a session, if possible the one that there was.
    Session(Option<Resume<'a>>),
}

/// A session that may be gone on with (XEP-0198, section 5).
#[derive(Debug, Clone, Copy)]
pub(crate) struct Resume<'a> {
    pub(crate) id: &'a str,
    /// Stanzas that were handled.
    pub(crate) h: u32,
}

/// A stream on which the account is signed in.
pub(crate) struct SignedIn {
    pub(crate) transport: Transport,
    /// What can be done now. Empty where the session was resumed.
    pub(crate) features: Element,
    pub(crate) bound: Option<Bound>,
    pub(crate) resumed: Option<Resumed>,
    pub(crate) not_resumed: Option<NotResumed>,
}

/// A resource that was bound while signing in (XEP-0386).
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Bound {
    /// The full address.
    pub(crate) address: String,
    /// Stream management, if the server enabled it.
    pub(crate) sm: Option<Enabled>,
    /// Whether carbons were enabled (XEP-0280).
    pub(crate) carbons: bool,
    /// Last id of the archive at that moment (XEP-0313): all after it comes live.
    pub(crate) archive_end: Option<String>,
}

/// Stream management is on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Enabled {
    /// To resume with; without one the server does not resume.
    pub(crate) id: Option<String>,
}

/// The session goes on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Resumed {
    /// Stanzas of ours that the server has handled.
    pub(crate) h: u32,
}

/// The session does not go on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct NotResumed {
    /// Stanzas of ours that the server had handled, if it still knows.
    pub(crate) h: Option<u32>,
}

/// Reaches a server and signs in: success or a reason within
/// [`Timeouts::connect`](crate::Timeouts::connect), wherever we are sent.
pub(crate) async fn connect(
    connector: &Connector,
    target: &ServerTarget,
    login: Login<'_>,
    purpose: Purpose<'_>,
) -> Result<SignedIn, ConnectError> {
    let deadline = Instant::now() + connector.timeouts.connect;
    let mut target = target.clone();
    let from = format!("{}@{}", login.username, target.domain);
    // Where a server closes the stream over a token that it does not know, the
    // password has a stream of its own.
    let mut token_refused = false;
    for _ in 0..=MAX_REDIRECTIONS {
        let opened = match Box::pin(dial(connector, &target, Some(&from), deadline)).await {
            Ok(opened) => opened,
            Err(error) => return Err(Box::pin(portal::explain(connector, &target, error)).await),
        };
        let attempt = Attempt {
            connector,
            domain: &target.domain,
            from: &from,
            login,
            purpose,
        };
        let signed_in = timeout_at(deadline, Box::pin(attempt.run(opened))).await;
        let elsewhere = match signed_in.unwrap_or(Err(ConnectError::TimedOut)) {
            Err(ConnectError::Elsewhere(place)) => place,
            Err(ConnectError::TokenRefused) if !token_refused => {
                token_refused = true;
                continue;
            }
            outcome => return outcome,
        };
        target.endpoints = vec![*elsewhere];
    }
    Err(ConnectError::Redirection("from place to place".to_owned()))
}

/// Makes the token of this device worthless, if there is one and the server can
/// be reached (XEP-0484, section 3.4).
pub(crate) async fn revoke(
    connector: &Connector,
    target: &ServerTarget,
    login: Login<'_>,
) -> Result<(), ConnectError> {
    let Some(token) = login.memory.and_then(Memory::token) else {
        return Ok(());
    };
    let revoked = async {
        let deadline = Instant::now() + connector.timeouts.connect;
        let from = format!("{}@{}", login.username, target.domain);
        let mut opened = Box::pin(dial(connector, target, Some(&from), deadline)).await?;
        let revoked = sasl2::revoke(connector, &mut opened, login, &token).await;
        opened.transport.close().await;
        revoked
    };
    timeout(REVOKE, revoked)
        .await
        .unwrap_or(Err(ConnectError::TimedOut))
}

/// One try on one stream.
struct Attempt<'a> {
    connector: &'a Connector,
    domain: &'a str,
    from: &'a str,
    login: Login<'a>,
    purpose: Purpose<'a>,
}

impl Attempt<'_> {
    async fn run(&self, opened: Opened) -> Result<SignedIn, ConnectError> {
        if let Some(authentication) = sasl2::offered(&opened.features) {
            let offer = Offer::sasl2(&opened, authentication);
            return self.sasl2(opened, offer).await;
        }
        let offer = Offer::sasl1(&opened);
        self.sasl1(opened, offer).await
    }

    /// The way with the password.
    fn password(&self, offer: &Offer) -> Result<Exchange, ConnectError> {
        // It was forgotten when this device was signed out.
        if self.login.password.is_empty() {
            return Err(ConnectError::Expired);
        }
        let mechanism = offer.strongest()?;
        // Whoever had SCRAM once is not asked for the password itself: that
        // would be a gift to who stands between (peers call it a downgrade).
        if mechanism.scram_hash().is_none() && self.login.memory.is_some_and(Memory::knew_scram) {
            return Err(ConnectError::Downgraded(offer.mechanisms.join(", ")));
        }
        Exchange::password(mechanism, offer, self.login.username, self.login.password)
    }

    /// What was learnt, once the server is known to be the right one.
    async fn proven(&self, exchange: &Exchange) {
        if exchange.is_scram()
            && let Some(memory) = self.login.memory
        {
            memory.learn_scram(self.connector).await;
        }
    }
}
