//! Who writes, and what they do when the server is gone: what they were told is
//! kept, what they were not told is said again.

use std::collections::VecDeque;

use anyhow::{Result, bail, ensure};
use server_tests::archive;
use server_tests::peer::{PATIENCE, Peer, Security, Target};
use server_tests::startalk::PASSWORD;
use tokio::sync::watch;
use xmpp_core::element::build;
use xmpp_core::sasl::Mechanism;
use xmpp_core::{Element, element, ns};

/// Messages that wait for their acknowledgement at one time.
const WINDOW: usize = 12;
/// Characters in messages that are long: their commits take a while, and a server
/// that says too early what it has is caught in the middle of one.
const LONG: usize = 20_000;

/// What the people are told.
#[derive(Clone, Default)]
pub(crate) struct Order {
    /// Where the server is, with the number of its life.
    pub(crate) server: Option<(usize, Target)>,
    /// No new messages: only what is to be settled.
    pub(crate) finish: bool,
    /// New messages are long.
    pub(crate) long: bool,
}

/// What has happened, over all people and lives.
#[derive(Clone, Copy, Default)]
pub(crate) struct Seen {
    pub(crate) acknowledged: usize,
    pub(crate) received: usize,
}

/// Somebody who writes.
pub(crate) struct Person {
    pub(crate) name: &'static str,
    /// Nobody for who only listens.
    pub(crate) to: Option<&'static str>,
    pub(crate) resource: &'static str,
    pub(crate) security: Security,
    pub(crate) orders: watch::Receiver<Order>,
    pub(crate) seen: watch::Sender<Seen>,
    /// Ids of all messages, in the order in which they were first sent.
    pub(crate) sent: Vec<String>,
    /// Ids of those that are neither acknowledged nor seen in the archive.
    pub(crate) open: VecDeque<String>,
    pub(crate) acknowledged: Vec<String>,
    /// Ids in the archive of what was received.
    pub(crate) heard: Vec<String>,
    /// Leaves it to the server to find out what it has already (XEP-0359).
    pub(crate) trusts_origin_ids: bool,
    /// How far the archive was read.
    pub(crate) cursor: Option<String>,
    /// The session to resume.
    pub(crate) previous: Option<String>,
}

impl Person {
    /// Lives through all lives of the server.
    pub(crate) async fn run(mut self) -> Self {
        let mut life = None;
        loop {
            let wanted = |order: &Order| {
                order
                    .server
                    .as_ref()
                    .is_some_and(|(number, _)| Some(*number) != life)
            };
            let order = tokio::time::timeout(PATIENCE, self.orders.wait_for(wanted));
            let order = order.await.expect("a server").expect("orders").clone();
            let (number, target) = order.server.expect("waited for");
            life = Some(number);
            match self.session(&target).await {
                Ok(()) => return self,
                // The connection is gone, and so must the server be.
                Err(error) => self.expect_gone(number, &error).await,
            }
        }
    }

    async fn expect_gone(&mut self, life: usize, error: &anyhow::Error) {
        let gone = |order: &Order| {
            order
                .server
                .as_ref()
                .is_none_or(|(number, _)| *number != life)
        };
        let waited = tokio::time::timeout(PATIENCE, self.orders.wait_for(gone)).await;
        let is_gone = waited.is_ok();
        assert!(is_gone, "{}: the server lives, but: {error:#}", self.name);
    }

    /// One session; well ended only when everything is settled.
    async fn session(&mut self, target: &Target) -> Result<()> {
        let mut peer = Peer::connect(target, self.security).await?;
        peer.open().await?;
        peer.sign_in(Mechanism::Plain, self.name, PASSWORD).await?;
        if let Some(previous) = self.previous.take() {
            let resume = build("resume", ns::SM)
                .attr("h", "0")
                .attr("previd", previous);
            peer.send(&element::write(&resume.done())?).await?;
            // A killed server cannot know it.
            let answer = peer.element().await?;
            assert!(answer.is("failed", ns::SM), "{answer:?}");
        }
        peer.bind(self.resource).await?;
        if !self.trusts_origin_ids {
            self.settle(&mut peer).await?;
        }
        peer.send("<presence/><enable xmlns='urn:xmpp:sm:3' resume='true'/>")
            .await?;
        loop {
            let element = peer.element().await?;
            if element.is("enabled", ns::SM) {
                self.previous = element.attr("id").map(str::to_owned);
                break;
            }
        }
        match self.to {
            Some(to) => self.talk(&mut peer, to).await,
            None => self.listen(&mut peer).await,
        }
    }

    /// Hears what others say as soon as it is said.
    async fn listen(&mut self, peer: &mut Peer) -> Result<()> {
        let mut orders = self.orders.clone();
        let finish = async { drop(orders.wait_for(|order| order.finish).await) };
        tokio::pin!(finish);
        let mut received = 0;
        loop {
            tokio::select! {
                biased;
                element = peer.element() => self.hear(peer, &element?, &mut received).await?,
                () = &mut finish => break,
            }
        }
        peer.send("</stream:stream>").await
    }

    async fn hear(&mut self, peer: &mut Peer, element: &Element, received: &mut u32) -> Result<()> {
        if element.is("r", ns::SM) {
            let answer = format!("<a xmlns='{}' h='{received}'/>", ns::SM);
            return peer.send(&answer).await;
        }
        *received += 1;
        self.heard.extend(archive_id(element));
        self.seen.send_modify(|seen| seen.received += 1);
        Ok(())
    }

    /// Takes off what the archive has.
    async fn settle(&mut self, peer: &mut Peer) -> Result<()> {
        let news = archive::read(peer, "", self.cursor.as_deref(), 100).await?;
        if let Some(last) = news.last() {
            self.cursor = Some(last.id.clone());
        }
        self.open
            .retain(|id| !news.iter().any(|message| message.stanza_id == *id));
        Ok(())
    }

    async fn talk(&mut self, peer: &mut Peer, to: &str) -> Result<()> {
        // What an earlier life did not take goes first, so that the order stays.
        let mut again: VecDeque<String> = self.open.clone();
        let mut on_the_way = VecDeque::new();
        let (mut handled, mut received) = (0_u32, 0_u32);
        loop {
            let finish = self.orders.borrow().finish;
            if finish && again.is_empty() && on_the_way.is_empty() {
                peer.send("</stream:stream>").await?;
                return Ok(());
            }
            let mut burst = String::new();
            while on_the_way.len() < WINDOW && !(finish && again.is_empty()) {
                let id = again.pop_front().unwrap_or_else(|| self.next_message());
                burst.push_str(&self.message(to, &id));
                on_the_way.push_back(id);
            }
            burst.push_str("<r xmlns='urn:xmpp:sm:3'/>");
            peer.send(&burst).await?;
            loop {
                let element = peer.element().await?;
                if element.is("a", ns::SM) {
                    let h = counter(&element)?;
                    ensure!(h >= handled, "h went back from {handled} to {h}");
                    for _ in handled..h {
                        let Some(id) = on_the_way.pop_front() else {
                            bail!("h={h} is more than was sent");
                        };
                        self.open.retain(|open| *open != id);
                        self.acknowledged.push(id);
                        self.seen.send_modify(|seen| seen.acknowledged += 1);
                    }
                    handled = h;
                    break;
                }
                self.hear(peer, &element, &mut received).await?;
            }
        }
    }

    fn next_message(&mut self) -> String {
        let length = if self.orders.borrow().long {
            "-long"
        } else {
            ""
        };
        let id = format!("{}-{}{length}", self.name, self.sent.len());
        self.sent.push(id.clone());
        self.open.push_back(id.clone());
        id
    }

    fn message(&self, to: &str, id: &str) -> String {
        let origin = match self.trusts_origin_ids {
            true => format!("<origin-id xmlns='{}' id='{id}'/>", ns::STANZA_ID),
            false => String::new(),
        };
        let padding = match id.ends_with("-long") {
            true => "x".repeat(LONG),
            false => String::new(),
        };
        format!(
            "<message type='chat' to='{to}@localhost' id='{id}'>{origin}\
             <body>{id} 你好{padding}</body></message>"
        )
    }
}

/// Under which id the archive of who receives it has a message (XEP-0359).
fn archive_id(element: &Element) -> Option<String> {
    let id = element.get_child("stanza-id", ns::STANZA_ID)?.attr("id")?;
    Some(id.to_owned())
}

fn counter(element: &Element) -> Result<u32> {
    Ok(element.attr("h").unwrap_or_default().parse()?)
}
