//! kill -9 at any moment loses no acknowledged message and doubles none, and
//! the store opens by itself afterwards.
//!
//! People write to one another as fast as the server acknowledges, and do what
//! clients do after a lost connection: try to resume, bind anew, and send again
//! what was not acknowledged: half of them after they have looked into the
//! archive, the others all of it under its origin id, so that the server has to
//! know it again. At the end the archives of both sides must hold each message
//! once, and with it each that somebody was ever shown.
//!
//! `STARTALK_KILLS` and `STARTALK_SEED` make a longer or another run.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::large_futures,
    reason = "tests"
)]

use std::collections::{HashMap, HashSet, VecDeque};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use anyhow::{Result, bail, ensure};
use server_tests::archive;
use server_tests::peer::{PATIENCE, Peer, Security, Target};
use server_tests::random::Random;
use server_tests::startalk::{PASSWORD, Startalk};
use tokio::sync::watch;
use xmpp_core::element::build;
use xmpp_core::sasl::Mechanism;
use xmpp_core::{Element, element, ns};

const KILLS: usize = 100;
const SEED: u64 = 20_260_101;
const PEOPLE: [&str; 4] = ["anna", "bela", "carl", "dora"];
/// Messages that wait for their acknowledgement at one time.
const WINDOW: usize = 12;
/// Characters in those messages that are long.
const LONG: usize = 60_000;

/// What the people are told.
#[derive(Clone, Default)]
struct Order {
    /// Where the server is, with the number of its life.
    server: Option<(usize, Target)>,
    /// No new messages: only what is to be settled.
    finish: bool,
}

/// Somebody who writes.
struct Person {
    name: &'static str,
    to: &'static str,
    security: Security,
    orders: watch::Receiver<Order>,
    /// Over all people.
    total: Arc<AtomicUsize>,
    /// Ids of all messages, in the order in which they were first sent.
    sent: Vec<String>,
    /// Ids of those that are neither acknowledged nor seen in the archive.
    open: VecDeque<String>,
    acknowledged: Vec<String>,
    /// Ids in the archive of what was received.
    heard: Vec<String>,
    /// Leaves it to the server to find out what it has already (XEP-0359).
    trusts_origin_ids: bool,
    /// How far the archive was read.
    cursor: Option<String>,
    /// The session to resume.
    previous: Option<String>,
}

impl Person {
    /// Lives through all lives of the server.
    async fn run(mut self) -> Self {
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
        peer.bind("desk").await?;
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
        self.talk(&mut peer).await
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

    async fn talk(&mut self, peer: &mut Peer) -> Result<()> {
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
                burst.push_str(&self.message(&id));
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
                        self.total.fetch_add(1, Ordering::Relaxed);
                    }
                    handled = h;
                    break;
                }
                if element.is("r", ns::SM) {
                    peer.send(&format!("<a xmlns='urn:xmpp:sm:3' h='{received}'/>"))
                        .await?;
                } else {
                    received += 1;
                    self.heard.extend(archive_id(&element));
                }
            }
        }
    }

    fn next_message(&mut self) -> String {
        let id = format!("{}-{}", self.name, self.sent.len());
        self.sent.push(id.clone());
        self.open.push_back(id.clone());
        id
    }

    fn message(&self, id: &str) -> String {
        let to = self.to;
        let origin = match self.trusts_origin_ids {
            true => format!("<origin-id xmlns='{}' id='{id}'/>", ns::STANZA_ID),
            false => String::new(),
        };
        // Some are long: then a commit takes its time.
        let padding = match id.ends_with('7') {
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

#[tokio::test(flavor = "multi_thread", worker_threads = 3)]
async fn no_acknowledged_message_is_lost_or_doubled() {
    let kills = number("STARTALK_KILLS").map_or(KILLS, |kills| usize::try_from(kills).unwrap());
    let seed = number("STARTALK_SEED").unwrap_or(SEED);
    let mut random = Random::new(seed);
    let mut server = Startalk::with(&PEOPLE);
    server.kill();
    let (orders, _) = watch::channel(Order::default());
    let total = Arc::new(AtomicUsize::new(0));
    let people: Vec<_> = (0..PEOPLE.len())
        .map(|n| Person {
            name: PEOPLE[n],
            to: PEOPLE[(n + 1) % PEOPLE.len()],
            security: if n % 2 == 0 {
                Security::Direct
            } else {
                Security::StartTls
            },
            orders: orders.subscribe(),
            total: Arc::clone(&total),
            sent: Vec::new(),
            open: VecDeque::new(),
            acknowledged: Vec::new(),
            heard: Vec::new(),
            trusts_origin_ids: n < 2,
            cursor: None,
            previous: None,
        })
        .map(|person| tokio::spawn(person.run()))
        .collect();
    let mut under_load = 0;
    for kill in 0..kills {
        // The moments are what is tested: some while it starts, most under load.
        if random.one_in(8) {
            server.spawn();
            tokio::time::sleep(Duration::from_millis(random.bits() % 80)).await;
            server.kill();
            continue;
        }
        tokio::task::block_in_place(|| server.start());
        let before = total.load(Ordering::Relaxed);
        orders.send_modify(|order| order.server = Some((kill, server.target().clone())));
        if random.one_in(4) {
            tokio::time::sleep(Duration::from_millis(random.bits() % 300)).await;
        } else {
            let wanted = before + random.below(150);
            until(|| total.load(Ordering::Relaxed) > wanted).await;
            tokio::time::sleep(Duration::from_micros(random.bits() % 5_000)).await;
        }
        server.kill();
        orders.send_modify(|order| order.server = None);
        under_load += usize::from(total.load(Ordering::Relaxed) > before);
    }
    assert!(under_load * 2 > kills, "only {under_load} kills under load");

    tokio::task::block_in_place(|| server.start());
    orders.send_modify(|order| {
        order.server = Some((kills, server.target().clone()));
        order.finish = true;
    });
    let mut finished = Vec::new();
    for person in people {
        finished.push(person.await.expect("a person"));
    }
    let mut archives = HashMap::new();
    for name in PEOPLE {
        let account = (name, PASSWORD);
        let session = Peer::session(
            server.target(),
            Security::Direct,
            Mechanism::ScramSha256,
            account,
            "check",
        );
        let mut peer = session.await.unwrap();
        let all = archive::read(&mut peer, "", None, 200).await.unwrap();
        archives.insert(name, all);
    }
    for person in &finished {
        assert!(person.open.is_empty());
        // Nobody was shown what was lost after all.
        let kept: HashSet<&str> = archives[person.name]
            .iter()
            .map(|message| message.id.as_str())
            .collect();
        let lost = person.heard.iter().filter(|id| !kept.contains(id.as_str()));
        let lost: Vec<_> = lost.collect();
        assert!(lost.is_empty(), "seed {seed}: {} saw {lost:?}", person.name);
        assert!(person.heard.len() > kills, "{} heard little", person.name);
        let mine = format!("{}@", person.name);
        for side in [person.name, person.to] {
            let archived: Vec<&str> = archives[side]
                .iter()
                .filter(|message| message.from.starts_with(&mine))
                .map(|message| message.stanza_id.as_str())
                .collect();
            // Each once, in the order in which they were sent.
            if archived != person.sent {
                report(seed, person, side, &archived);
            }
        }
    }
    assert!(server.stop(), "{}", server.said());
    assert!(!server.said().contains("panicked"), "{}", server.said());
}

fn report(seed: u64, person: &Person, side: &str, archived: &[&str]) {
    let count = |id: &str| archived.iter().filter(|found| **found == id).count();
    let wrong: Vec<String> = person
        .sent
        .iter()
        .map(|id| (id, count(id)))
        .filter(|(_, count)| *count != 1)
        .map(|(id, count)| {
            let acknowledged = person.acknowledged.contains(id);
            format!("{id}: {count} times, acknowledged: {acknowledged}")
        })
        .collect();
    panic!(
        "seed {seed}: archive of {side}: {wrong:#?} or another order than {} wrote in",
        person.name
    );
}

fn number(variable: &str) -> Option<u64> {
    std::env::var(variable).ok()?.parse().ok()
}

/// Looks again and again; what is waited for happens in other tasks.
async fn until(mut is_true: impl FnMut() -> bool) {
    let waiting = async {
        while !is_true() {
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
    };
    tokio::time::timeout(PATIENCE, waiting)
        .await
        .expect("the load goes on");
}
