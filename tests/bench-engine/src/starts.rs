//! Starts with the big cache: how soon the list is there, and what it takes.

use std::path::Path;
use std::process::Command;
use std::time::Instant;

use anyhow::{Context, Result, bail, ensure};
use engine::Engine;
use engine::api::{Request, Response, SearchFilters, SearchRequest, WindowAnchor};
use engine::bench::Cache;
use serde::{Deserialize, Serialize};
use server_tests::process::memory;

use crate::table::Table;
use crate::{Plan, device};

/// What one process measured.
#[derive(Debug, Serialize, Deserialize)]
struct Start {
    list_ms: f64,
    page_ms: f64,
    /// Medians of many.
    newest_ms: f64,
    again_ms: f64,
    /// The slowest of several kinds.
    search_ms: f64,
    empty_bytes: u64,
    list_bytes: u64,
    bytes: u64,
}

/// A process that starts, and says what it took.
pub(crate) async fn child(profile: &Path, conversations: u64) -> Result<()> {
    // Its own code is there whatever it opens.
    let empty = tempfile::tempdir()?;
    device::engine(empty.path()).await?.close().await;
    let empty_bytes = memory(std::process::id());

    let began = Instant::now();
    let engine = device::engine(profile).await?;
    let account = device::account(&engine).await?;
    let list = Request::Conversations {
        account: account.clone(),
    };
    let Response::Conversations(rows) = engine.handle(list).await? else {
        bail!("no list")
    };
    let list_ms = ms(began);
    ensure!(rows.len() as u64 == conversations, "{} rows", rows.len());
    let list_bytes = memory(std::process::id());

    let began = Instant::now();
    let first = rows.first().context("no row")?.id.clone();
    newest(&engine, &account, &first).await?;
    let page_ms = ms(began);
    let mut times: [Vec<f64>; 2] = [Vec::new(), Vec::new()];
    for times in &mut times {
        for number in (0..conversations).step_by(5) {
            let began = Instant::now();
            newest(&engine, &account, &Cache::conversation(number)).await?;
            times.push(ms(began));
        }
        times.sort_by(f64::total_cmp);
    }
    let [newest_ms, again_ms] = times.map(|times| times.get(times.len() / 2).copied());
    let mut search_ms = 0.0_f64;
    // Everywhere, in two languages; two of them; nearly nowhere; the beginning of one.
    for text in ["会议", "design", "design 明天", "term1234", "rele"] {
        search_ms = search_ms.max(search(&engine, &account, text).await?);
    }
    let start = Start {
        search_ms,
        list_ms,
        page_ms,
        newest_ms: newest_ms.context("no time")?,
        again_ms: again_ms.context("no time")?,
        empty_bytes,
        list_bytes,
        bytes: memory(std::process::id()),
    };
    println!("{}", serde_json::to_string(&start)?);
    engine.close().await;
    Ok(())
}

async fn newest(engine: &Engine, account: &str, conversation: &str) -> Result<()> {
    let request = Request::Messages {
        account: account.to_owned(),
        conversation: conversation.to_owned(),
        anchor: WindowAnchor::Latest,
        limit: 50,
    };
    let Response::Messages(window) = engine.handle(request).await? else {
        bail!("no window")
    };
    ensure!(!window.messages.is_empty(), "nothing in {conversation}");
    Ok(())
}

/// Milliseconds of a search for the newest hits; the median of five.
async fn search(engine: &Engine, account: &str, text: &str) -> Result<f64> {
    let mut times = Vec::new();
    for _ in 0..5 {
        let began = Instant::now();
        let request = SearchRequest::Find {
            account: Some(account.to_owned()),
            text: text.to_owned(),
            filters: SearchFilters::default(),
            before: None,
            limit: 50,
        };
        let Response::SearchPage(page) = engine.handle(Request::Search(request)).await? else {
            bail!("no hits")
        };
        times.push(ms(began));
        ensure!(!page.hits.is_empty(), "nothing found for {text}");
    }
    times.sort_by(f64::total_cmp);
    eprintln!("search {text}: {times:?}");
    times.get(2).copied().context("no time")
}

fn ms(began: Instant) -> f64 {
    began.elapsed().as_secs_f64() * 1000.0
}

/// Starts so many processes, one after the other.
pub(crate) fn measure(profile: &Path, plan: &Plan, table: &mut Table) -> Result<()> {
    let mut starts = Vec::new();
    for _ in 0..plan.starts {
        let output = Command::new(std::env::current_exe()?)
            .arg("open")
            .arg(profile)
            .arg(plan.conversations.to_string())
            .output()?;
        ensure!(
            output.status.success(),
            "{}",
            String::from_utf8_lossy(&output.stderr)
        );
        let start: Start = serde_json::from_slice(&output.stdout)?;
        starts.push(start);
    }
    let all = |of: fn(&Start) -> f64| starts.iter().map(of).collect::<Vec<f64>>();
    table.at_most(
        "start, to the list ready",
        "ms",
        all(|it| it.list_ms),
        Some(50.0),
    );
    table.at_most(
        "then the first conversation",
        "ms",
        all(|it| it.page_ms),
        None,
    );
    table.at_most(
        "newest 50, seen for the first time",
        "ms",
        all(|it| it.newest_ms),
        Some(1.0),
    );
    table.at_most("newest 50, seen before", "ms", all(|it| it.again_ms), None);
    table.at_most(
        "search, 50 newest hits, the slowest of five kinds",
        "ms",
        all(|it| it.search_ms),
        Some(10.0),
    );
    table.at_most(
        "memory with the list, above a process without accounts",
        "MB",
        all(|it| mb(it.list_bytes, it.empty_bytes)),
        Some(40.0),
    );
    table.at_most(
        "and after a hundred conversations were seen, and searches",
        "MB",
        all(|it| mb(it.bytes, it.empty_bytes)),
        Some(40.0),
    );
    Ok(())
}

fn mb(bytes: u64, empty: u64) -> f64 {
    crate::table::number(bytes.saturating_sub(empty)) / 1_000_000.0
}
