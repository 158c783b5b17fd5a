//! `startalk-cli search`: messages, here or in the server's archive, and names.

use anyhow::{Context, bail};
use clap::{Args, ValueEnum};
use startalk_engine::Engine;
use startalk_engine::api::{
    ContentKind, HighlightRange, NameHit, Request, Response, SearchFilters, SearchHit, SearchPage,
    SearchRequest,
};

use crate::args::Cli;
use crate::commands::{account, ask, odd, online, show};

/// Most hits of one request.
const PAGE: u32 = 50;

#[derive(Args)]
pub(crate) struct Search {
    /// What to look for: words, in any script; a phrase in quotation marks.
    text: String,
    /// Asks the archive on the server, also for what is not on this device.
    #[arg(long)]
    server: bool,
    /// Looks for conversations, contacts and rooms by their names instead.
    #[arg(long, conflicts_with_all = ["server", "conversation", "author", "from", "to", "kind"])]
    names: bool,
    /// Only in the conversation with this address.
    #[arg(long = "in", value_name = "ADDRESS")]
    conversation: Option<String>,
    /// Only what this address has written.
    #[arg(long = "by", value_name = "ADDRESS")]
    author: Option<String>,
    /// Only from this moment on: 2026-03-14T09:00:00Z, or a day (UTC).
    #[arg(long, value_parser = moment)]
    from: Option<i64>,
    /// Only before this moment.
    #[arg(long, value_parser = moment)]
    to: Option<i64>,
    /// Only such messages; servers do not know this.
    #[arg(long, conflicts_with = "server")]
    kind: Option<Kind>,
    /// At most so many.
    #[arg(long, default_value_t = 20)]
    limit: u32,
}

#[derive(Clone, Copy, ValueEnum)]
enum Kind {
    Text,
    File,
    Link,
    Image,
}

impl From<Kind> for ContentKind {
    fn from(kind: Kind) -> Self {
        match kind {
            Kind::Text => Self::Text,
            Kind::File => Self::File,
            Kind::Link => Self::Link,
            Kind::Image => Self::Image,
        }
    }
}

/// Milliseconds since the Unix epoch.
fn moment(text: &str) -> Result<i64, String> {
    let day = || {
        let day: jiff::civil::Date = text.parse()?;
        jiff::tz::TimeZone::UTC.to_timestamp(day.at(0, 0, 0, 0))
    };
    let moment = text.parse::<jiff::Timestamp>().or_else(|_| day());
    moment
        .map(jiff::Timestamp::as_millisecond)
        .map_err(|error| error.to_string())
}

pub(crate) async fn run(engine: &Engine, cli: &Cli, search: &Search) -> anyhow::Result<()> {
    let account = account(engine, cli).await?;
    if search.names {
        return names(engine, cli, search, account).await;
    }
    if search.server {
        online(engine, &account).await?;
    }
    let mut left = search.limit;
    let mut before = None;
    while left > 0 {
        let page = page(engine, search, &account, before.take(), left.min(PAGE)).await?;
        for hit in &page.hits {
            show(cli, hit, || line(hit))?;
        }
        left = left.saturating_sub(u32::try_from(page.hits.len()).unwrap_or(u32::MAX));
        // A page may have no hits, and yet more may come.
        let Some(next) = page.next else { break };
        before = Some(next);
    }
    Ok(())
}

async fn page(
    engine: &Engine,
    search: &Search,
    account: &str,
    before: Option<String>,
    limit: u32,
) -> anyhow::Result<SearchPage> {
    let (account, text) = (account.to_owned(), search.text.clone());
    let filters = SearchFilters {
        conversation: search.conversation.clone(),
        author: search.author.clone(),
        from_ms: search.from,
        to_ms: search.to,
        kind: search.kind.map(Into::into),
    };
    let request = if search.server {
        SearchRequest::FindOnServer {
            account,
            text,
            filters,
            before,
            limit,
        }
    } else {
        SearchRequest::Find {
            account: Some(account),
            text,
            filters,
            before,
            limit,
        }
    };
    match ask(engine, Request::Search(request)).await? {
        Response::SearchPage(page) => Ok(page),
        _ => odd(),
    }
}

async fn names(engine: &Engine, cli: &Cli, search: &Search, account: String) -> anyhow::Result<()> {
    if search.limit > PAGE {
        bail!("at most {PAGE} names");
    }
    let request = SearchRequest::Names {
        account: Some(account),
        text: search.text.clone(),
        limit: search.limit,
    };
    let Response::Names(found) = ask(engine, Request::Search(request)).await? else {
        return odd();
    };
    found.iter().try_for_each(|hit: &NameHit| {
        show(cli, hit, || {
            format!("{}\t{}", hit.id, marked(&hit.name, &hit.highlights))
        })
    })
}

/// Number, when, where, who, and the words between brackets.
fn line(hit: &SearchHit) -> String {
    let number = hit
        .message
        .map_or_else(|| "-".to_owned(), |id| id.to_string());
    let when = jiff::Timestamp::from_millisecond(hit.time_ms)
        .context("a time")
        .map_or_else(|_| String::new(), |at| at.strftime("%F %T").to_string());
    format!(
        "{number}\t{when}\t{}\t{}\t{}",
        hit.conversation_name,
        hit.author_name,
        marked(&hit.excerpt, &hit.highlights)
    )
}

/// The text with what was found between brackets.
fn marked(text: &str, highlights: &[HighlightRange]) -> String {
    let mut marked = String::with_capacity(text.len() + 2 * highlights.len());
    let mut unit: u32 = 0;
    for character in text.chars() {
        if highlights.iter().any(|range| range.start == unit) {
            marked.push('[');
        }
        marked.push(character);
        unit += u32::try_from(character.len_utf16()).unwrap_or(1);
        if highlights.iter().any(|range| range.end == unit) {
            marked.push(']');
        }
    }
    marked
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_found_stands_between_brackets() {
        let range = |start, end| HighlightRange { start, end };
        assert_eq!(
            marked("🙂 tea, tea", &[range(3, 6), range(8, 11)]),
            "🙂 [tea], [tea]"
        );
        assert_eq!(marked("会议纪要", &[range(2, 4)]), "会议[纪要]");
    }

    #[test]
    fn moments_are_days_or_points_in_time() {
        assert_eq!(moment("1970-01-02"), Ok(86_400_000));
        assert_eq!(moment("1970-01-01T00:00:01Z"), Ok(1_000));
        assert!(moment("yesterday").is_err());
    }
}
