//! What every session asks about the time (XEP-0202).

use xmpp_core::{Element, ns};

use crate::peer::{DOMAIN, Peer};

/// The clock of a server.
#[derive(Debug, Default)]
pub(crate) struct TimeOfDay {
    /// What it says, if anything.
    pub(crate) utc: Option<&'static str>,
    /// Whether somebody has asked.
    told: bool,
}

impl Peer {
    /// Answers what every session asks; whether this was that.
    pub(crate) async fn answers(&mut self, element: &Element) -> bool {
        self.gives_bookmarks(element).await || self.tells_time(element).await
    }

    /// Answers who asks what time it is, be it with nothing; whether this was that.
    async fn tells_time(&mut self, element: &Element) -> bool {
        let asks = element.attr("type") == Some("get") && element.has_child("time", ns::TIME);
        if !asks || element.attr("to") != Some(DOMAIN) {
            return false;
        }
        let time = self.time.utc.map_or(String::new(), |utc| {
            format!("<time xmlns='urn:xmpp:time'><tzo>+00:00</tzo><utc>{utc}</utc></time>")
        });
        let id = element.attr("id").unwrap();
        // Some tests end the stream in the middle of a word: who asked may be gone.
        self.try_send(&format!(
            "<iq type='result' id='{id}' from='{DOMAIN}'>{time}</iq>"
        ))
        .await;
        self.time.told = true;
        true
    }

    /// Goes on until the client has been told.
    pub(crate) async fn until_told_time(&mut self) {
        while !self.time.told {
            let element = self.next_raw().await.expect("a question");
            if element.is("r", ns::SM) {
                self.acknowledge().await;
            } else {
                self.answers(&element).await;
            }
        }
    }
}
