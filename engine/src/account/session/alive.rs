//! Whether the server is still there (XEP-0199, XEP-0198).

use std::time::Duration;

use tokio::time::Instant;
use xmpp_core::element::build;
use xmpp_core::ns;

use super::Session;
use crate::connection::ConnectError;

/// So many times longer may the server be silent while nobody looks.
const UNWATCHED: u32 = 3;

impl Session<'_> {
    /// How long the server may be silent. Nobody waits for anything while nobody
    /// looks, and radios and batteries rest.
    pub(super) fn idle(&self) -> Duration {
        let looks = self.shared.surroundings.attention().borrow().active;
        self.shared.timeouts.idle * if looks { 1 } else { UNWATCHED }
    }

    /// Nothing was heard for a while, or there is reason to doubt: is the server
    /// there?
    pub(super) async fn keep_alive(&mut self, answer: Duration) -> Result<(), ConnectError> {
        if self.asked {
            return Err(ConnectError::TimedOut);
        }
        self.asked = true;
        self.quiet_until = Instant::now() + answer;
        match &self.sm {
            Some(_) => self.transport.send(&build("r", ns::SM).done()).await,
            None => {
                let ping = build("iq", ns::CLIENT)
                    .attr("type", "get")
                    .attr("id", "ping")
                    .attr("to", self.shared.address.domain().as_str())
                    .child(build("ping", ns::PING));
                self.send_stanza(&ping.done(), None).await
            }
        }
    }
}
