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

mod person;

use std::collections::{HashMap, HashSet, VecDeque};
use std::time::Duration;

use server_tests::archive;
use server_tests::peer::{PATIENCE, Peer, Security};
use server_tests::random::Random;
use server_tests::startalk::{PASSWORD, Startalk};
use tokio::sync::watch;
use tokio::task::JoinHandle;
use xmpp_core::sasl::Mechanism;

use crate::person::{Order, Person, Seen};

const KILLS: usize = 100;
/// Ends of the other kind.
const CUTS: usize = 20;
const SEED: u64 = 20_260_101;
const PEOPLE: [&str; 4] = ["anna", "bela", "carl", "dora"];
#[tokio::test(flavor = "multi_thread", worker_threads = 3)]
async fn no_acknowledged_message_is_lost_or_doubled() {
    let kills = number("STARTALK_KILLS").map_or(KILLS, |kills| usize::try_from(kills).unwrap());
    let seed = number("STARTALK_SEED").unwrap_or(SEED);
    let mut random = Random::new(seed);
    let (mut server, orders, people, mut news) = team();
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
        let before = *news.borrow();
        orders.send_modify(|order| {
            order.server = Some((kill, server.target().clone()));
        });
        if random.one_in(4) {
            tokio::time::sleep(Duration::from_millis(random.bits() % 300)).await;
        } else {
            let more = random.below(150);
            let at_receipt = random.one_in(2);
            let is_enough = |now: &Seen| match at_receipt {
                true => now.received > before.received + more,
                false => now.acknowledged > before.acknowledged + more,
            };
            let waited = tokio::time::timeout(PATIENCE, news.wait_for(is_enough)).await;
            waited.expect("the load goes on").expect("people");
            // Half of them in the moment in which something was said.
            if random.one_in(2) {
                tokio::time::sleep(Duration::from_micros(random.bits() % 5_000)).await;
            }
        }
        server.kill();
        orders.send_modify(|order| order.server = None);
        under_load += usize::from(news.borrow().acknowledged > before.acknowledged);
    }
    assert!(under_load * 2 > kills, "only {under_load} kills under load");

    settled(seed, server, orders, people).await;
}

/// The system ends the process while it writes a transaction: nothing of that
/// may have been acknowledged or shown by then.
#[tokio::test(flavor = "multi_thread", worker_threads = 3)]
async fn nothing_is_said_of_what_is_still_being_written() {
    let seed = number("STARTALK_SEED").unwrap_or(SEED);
    let mut random = Random::new(seed);
    let (mut server, orders, people, _) = team();
    orders.send_modify(|order| order.long = true);
    let mut under_load = 0;
    for life in 0..CUTS {
        server.limit_files(Some(largest_file(&server) + random.bits() % 1_500_000));
        server.spawn();
        if !tokio::task::block_in_place(|| server.wait_ready()) {
            continue;
        }
        under_load += 1;
        orders.send_modify(|order| order.server = Some((life, server.target().clone())));
        let ended = async {
            while server.process().is_running() {
                tokio::time::sleep(Duration::from_millis(1)).await;
            }
        };
        let ended = tokio::time::timeout(PATIENCE, ended).await;
        ended.expect("it writes until it is ended");
        server.kill();
        orders.send_modify(|order| order.server = None);
    }
    assert!(under_load * 2 > CUTS, "only {under_load} ends under load");
    server.limit_files(None);
    settled(seed, server, orders, people).await;
}

/// Of the files of the database.
fn largest_file(server: &Startalk) -> u64 {
    let files = std::fs::read_dir(server.data()).unwrap();
    let sizes = files.map(|file| file.unwrap().metadata().unwrap().len());
    sizes.max().unwrap()
}

type People = Vec<JoinHandle<Person>>;

/// A server that does not run, and people who wait for it to write to one another.
fn team() -> (
    Startalk,
    watch::Sender<Order>,
    People,
    watch::Receiver<Seen>,
) {
    let mut server = Startalk::with(&PEOPLE);
    server.kill();
    let (orders, _) = watch::channel(Order::default());
    let (seen, news) = watch::channel(Seen::default());
    let person = |name: &'static str| Person {
        name,
        to: None,
        resource: "phone",
        security: Security::Direct,
        orders: orders.subscribe(),
        seen: seen.clone(),
        sent: Vec::new(),
        open: VecDeque::new(),
        acknowledged: Vec::new(),
        heard: Vec::new(),
        trusts_origin_ids: false,
        cursor: None,
        previous: None,
    };
    let writers = PEOPLE.iter().zip(0..).map(|(name, n)| Person {
        to: Some(PEOPLE[(n + 1) % PEOPLE.len()]),
        resource: "desk",
        security: match n % 2 {
            0 => Security::Direct,
            _ => Security::StartTls,
        },
        trusts_origin_ids: n < 2,
        ..person(name)
    });
    let people = writers
        .chain(PEOPLE.into_iter().take(2).map(&person))
        .map(|person| tokio::spawn(person.run()))
        .collect();
    (server, orders, people, news)
}

/// Everybody settles what is open, and everything is where it should be.
async fn settled(seed: u64, mut server: Startalk, orders: watch::Sender<Order>, people: People) {
    tokio::task::block_in_place(|| server.start());
    orders.send_modify(|order| {
        order.server = Some((usize::MAX, server.target().clone()));
        order.finish = true;
        order.long = false;
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
    let heard: usize = finished.iter().map(|person| person.heard.len()).sum();
    assert!(heard > CUTS, "only {heard} messages were shown");
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
        let mine = format!("{}@", person.name);
        for side in person.to.map_or(vec![], |to| vec![person.name, to]) {
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
