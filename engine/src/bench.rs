//! Caches made and measured below the contract, for `cargo xtask bench engine`.

use std::path::Path;

use rusqlite::Transaction;

use crate::store::messages::{self, Place, Received};
use crate::store::{Store, StoreError, StoreMode, archive, conversations};

/// Messages of one transaction while a cache is filled: as many as two pages of an
/// archive. A job is a savepoint, and SQLite walks through all that it keeps for that
/// at the end of each statement; with thousands that is most of the work.
const TOGETHER: u64 = 500;
/// The server that nobody has.
const DOMAIN: &str = "bench.invalid";
/// Out of these come the texts.
const WORDS: [&str; 24] = [
    "meeting",
    "tomorrow",
    "design",
    "review",
    "的",
    "会议",
    "明天",
    "设计",
    "please",
    "look",
    "at",
    "the",
    "服务器",
    "重启",
    "release",
    "notes",
    "好的",
    "谢谢",
    "lunch",
    "数据库",
    "query",
    "is",
    "slow",
    "现在",
];

/// A cache without an account.
pub struct Cache {
    store: Store,
    chance: u64,
    number: u64,
}

impl Cache {
    /// Opens or makes one.
    ///
    /// # Errors
    /// As the store gives them.
    pub async fn open(path: &Path, key: &[u8]) -> Result<Self, String> {
        let (store, aside) = Store::open(path, key, StoreMode::Durable).map_err(said)?;
        if aside.is_some() {
            return Err("the cache was set aside".to_owned());
        }
        // What is written into a cache that has messages is not the same again.
        let end = store.read(archive::end_position).await.map_err(said)?;
        let number = u64::try_from(end).unwrap_or_default();
        Ok(Self {
            store,
            chance: number + 1,
            number,
        })
    }

    /// Address of a conversation.
    #[must_use]
    pub fn conversation(number: u64) -> String {
        format!("person{number}@{DOMAIN}")
    }

    fn chance(&mut self) -> u64 {
        // Knuth's linear congruential generator: the same cache each time.
        self.chance = self
            .chance
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        self.chance >> 33
    }

    fn next(&mut self, conversations: u64, now_ms: i64) -> Received {
        self.number += 1;
        let number = self.number;
        // Some talk much, most a little.
        let (a, b) = (self.chance() % conversations, self.chance() % conversations);
        let conversation = Self::conversation(a * b / conversations);
        let outgoing = self.chance().is_multiple_of(4);
        let words = 3 + self.chance() % 20;
        let mut text = String::new();
        for _ in 0..words {
            let at = usize::try_from(self.chance()).unwrap_or(0) % WORDS.len();
            text.push_str(WORDS.get(at).copied().unwrap_or_default());
            text.push(' ');
        }
        // One that few others have.
        text.push_str(&format!("term{}", self.chance() % 20_000));
        let (id, other) = (self.chance(), self.chance());
        Received {
            author: if outgoing {
                format!("me@{DOMAIN}")
            } else {
                conversation.clone()
            },
            conversation,
            outgoing,
            text,
            time_ms: now_ms,
            wire_id: Some(format!("{id:016x}{other:08x}")),
            origin_id: Some(format!("{id:016x}{other:08x}")),
            stanza_id: Some(format!("{number:020}")),
            ..Received::default()
        }
    }

    /// Puts messages into so many conversations; most of them count as read. Gives
    /// how many are unread.
    ///
    /// # Errors
    /// As the store gives them.
    pub async fn fill(
        &mut self,
        messages: u64,
        conversations: u64,
        now_ms: i64,
    ) -> Result<u32, String> {
        let mut left = messages;
        while left > 0 {
            let many = left.min(TOGETHER);
            let batch: Vec<_> = (0..many)
                .map(|place| {
                    let ago = i64::try_from(left - place).unwrap_or(0);
                    self.next(conversations, now_ms - ago * 10_000)
                })
                .collect();
            self.write(batch).await?;
            left -= many;
        }
        let read = move |tx: &Transaction<'_>| {
            let end = archive::end_position(tx)?;
            for number in 0..conversations {
                let id = Self::conversation(number);
                conversations::ensure(tx, &id)?;
                conversations::read_up_to(tx, &id, end - 2_000)?;
            }
            conversations::unread(tx, 0)
        };
        self.store.write(read).await.map_err(said)
    }

    async fn write(&self, batch: Vec<Received>) -> Result<(), String> {
        let job = move |tx: &Transaction<'_>| {
            for message in &batch {
                messages::receive(tx, message, Place::Newest)?;
            }
            Ok(())
        };
        self.store.write(job).await.map_err(said)
    }

    /// Writes messages as they come live, so many in one transaction, each on disk
    /// before the next one begins.
    ///
    /// # Errors
    /// As the store gives them.
    pub async fn hear(
        &mut self,
        messages: u64,
        together: u64,
        conversations: u64,
        now_ms: i64,
    ) -> Result<(), String> {
        let mut left = messages;
        while left > 0 {
            let many = left.min(together);
            let batch = (0..many)
                .map(|_| self.next(conversations, now_ms))
                .collect();
            self.write(batch).await?;
            left -= many;
        }
        Ok(())
    }

    /// Closes it in good order.
    pub async fn close(self) {
        self.store.close().await;
    }
}

fn said(error: StoreError) -> String {
    error.to_string()
}
