//! Reading an archive (XEP-0313): the newest page first, so that the present is
//! there at once; then what is missing below it, backwards.
//!
//! A message of ours may have arrived although nobody said so. So while the
//! outbox has something, all that was missed is read before it is sent.

use std::collections::HashSet;

use xmpp_core::stanza_error::Condition;
use xmpp_core::{Element, ns};

use super::or_end;
use crate::account::apply::Step;
use crate::account::handle::{AskError, Handle};
use crate::account::{Shared, outgoing, rooms};
use crate::connection::ConnectError;
use crate::inbound::{self, Meaning};
use crate::store::archive::{self, Gap, OWN};
use crate::store::outbox;

/// Messages of the newest page.
const FIRST_PAGE: usize = 100;
/// Messages of a page that fills a gap.
const PAGE: usize = 250;
/// Messages of history that a new device fetches by itself; more when somebody
/// scrolls there.
const HISTORY: i64 = 10_000;

/// Reads the newest page of an archive, and more where the outbox needs it.
/// Gives whether what comes live follows on it.
pub(in crate::account) async fn newest(
    shared: &Shared,
    handle: &Handle,
    archive: &str,
) -> Result<bool, ConnectError> {
    read_newest(shared, handle, archive, &mut Noted::default()).await
}

/// Reads what of our own archive is not here, so that what crossed gets the order
/// that it has there. Gives also the ids of all that was read.
pub(in crate::account) async fn order(
    shared: &Shared,
    handle: &Handle,
) -> Result<(bool, HashSet<String>), ConnectError> {
    let mut noted = Noted(Some(HashSet::new()));
    let follows = read_newest(shared, handle, OWN, &mut noted).await?;
    fill_gaps(shared, handle, OWN, Reach::Missed, &mut noted).await?;
    Ok((follows, noted.0.unwrap_or_default()))
}

/// The ids of what was read, for whoever needs them.
#[derive(Debug, Default)]
struct Noted(Option<HashSet<String>>);

impl Noted {
    fn add(&mut self, page: &Page) {
        if let Some(ids) = &mut self.0 {
            ids.extend(page.ids.iter().cloned());
        }
    }
}

async fn read_newest(
    shared: &Shared,
    handle: &Handle,
    archive: &str,
    noted: &mut Noted,
) -> Result<bool, ConnectError> {
    let from = archive.to_owned();
    let cursor = shared
        .store
        .read(move |db| archive::cursor(db, &from))
        .await?;
    let ask = Ask {
        max: FIRST_PAGE,
        ..Ask::of(archive)
    };
    let page = match fetch(shared, handle, &ask).await? {
        Fetched::Page(page) => page,
        Fetched::NotThere => return Ok(true),
        Fetched::Failed => return Ok(false),
    };
    noted.add(&page);
    let seen = cursor.as_deref().and_then(|cursor| page.up_to(cursor));
    let follows_on = seen.is_some();
    // Before there was anything: all that comes from here on is news.
    let was_empty = page.complete && page.ids.is_empty() && cursor.is_none();
    let beginning = was_empty.then(String::new);
    let step = Step::Newest {
        archive: archive.to_owned(),
        cursor: page.ids.last().cloned().or(beginning),
        gap: (!follows_on && !page.complete)
            .then(|| page.ids.first().cloned())
            .flatten()
            .map(|before| (cursor, before)),
        seen: seen.unwrap_or(0),
    };
    shared.apply(page.meanings, step).await?;
    // Also what an earlier session left open may hold one of ours.
    if archive == OWN && !shared.store.read(outbox::is_empty).await? {
        fill_gaps(shared, handle, archive, Reach::Missed, noted).await?;
    }
    Ok(true)
}

/// How far gaps are filled.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::account) enum Reach {
    /// What was missed since this device was here.
    Missed,
    /// That, and some history of before it was.
    History,
}

/// Fills the gaps of an archive, the newest first.
pub(in crate::account) async fn fill(
    shared: &Shared,
    handle: &Handle,
    archive: &str,
    reach: Reach,
) -> Result<(), ConnectError> {
    fill_gaps(shared, handle, archive, reach, &mut Noted::default()).await
}

async fn fill_gaps(
    shared: &Shared,
    handle: &Handle,
    archive: &str,
    reach: Reach,
    noted: &mut Noted,
) -> Result<(), ConnectError> {
    let of = archive.to_owned();
    let gaps = shared.store.read(move |db| archive::gaps(db, &of)).await?;
    for gap in gaps {
        let wanted = match (&gap.after, reach) {
            (Some(_), _) => i64::MAX,
            (None, Reach::History) => HISTORY,
            (None, Reach::Missed) => 0,
        };
        fill_gap(shared, handle, gap, wanted, noted).await?;
    }
    Ok(())
}

/// Reads backwards through a gap. The next page is on its way while one is
/// written.
async fn fill_gap(
    shared: &Shared,
    handle: &Handle,
    gap: Gap,
    wanted: i64,
    noted: &mut Noted,
) -> Result<(), ConnectError> {
    let mut ask = Ask {
        before: gap.before.clone(),
        ..Ask::of(&gap.archive)
    };
    let mut filled = gap.filled;
    if filled >= wanted {
        return Ok(());
    }
    let mut page = fetch_older(shared, handle, &mut ask).await?;
    while let Some(mut now) = page {
        noted.add(&now);
        now.cut(gap.after.as_deref());
        filled += i64::try_from(now.ids.len()).unwrap_or(i64::MAX);
        let closed = now.complete
            || now.ids.is_empty()
            || gap
                .after
                .as_ref()
                .is_some_and(|after| now.ids.contains(after));
        let step = Step::Fill {
            gap: gap.id,
            before: now.ids.first().cloned(),
            closed,
        };
        let written = shared.apply(now.meanings, step);
        if closed || filled >= wanted {
            return Ok(written.await?);
        }
        ask.before = now.ids.first().cloned();
        ask.end_ms = None;
        let (written, next) = tokio::join!(written, fetch_older(shared, handle, &mut ask));
        written?;
        page = next?;
    }
    Ok(())
}

/// Fetches what one conversation has in the newest of its gaps below a position,
/// a page of it. Whether there was such a gap.
pub(in crate::account) async fn fill_conversation(
    shared: &Shared,
    handle: &Handle,
    conversation: &str,
    below: i64,
) -> Result<bool, ConnectError> {
    let Ok(_one_at_a_time) = shared.filling.try_lock() else {
        return Ok(false);
    };
    let filled = fill_page(shared, handle, conversation, below, FIRST_PAGE).await?;
    Ok(filled.unwrap_or(false))
}

/// As [`fill_conversation`], for whoever looks for something further down: waits
/// until nobody else fills gaps, and takes larger pages. Where those have closed the
/// gap meanwhile, it is worth looking again.
pub(in crate::account) async fn fill_towards(
    shared: &Shared,
    handle: &Handle,
    conversation: &str,
    below: i64,
) -> Result<bool, ConnectError> {
    let _one_at_a_time = shared.filling.lock().await;
    let filled = fill_page(shared, handle, conversation, below, PAGE).await?;
    Ok(filled.unwrap_or(true))
}

/// Whether something came; none if there is no gap.
async fn fill_page(
    shared: &Shared,
    handle: &Handle,
    conversation: &str,
    below: i64,
    max: usize,
) -> Result<Option<bool>, ConnectError> {
    let _not_trimmed_meanwhile = shared.trimming.lock().await;
    let of = conversation.to_owned();
    let found = shared
        .store
        .read(move |db| {
            let Some(gap) = archive::gap_below(db, &of, below)? else {
                return Ok(None);
            };
            let before = archive::conversation_before(db, &gap, &of)?;
            Ok(Some((gap, before)))
        })
        .await?;
    let Some((gap, before)) = found else {
        return Ok(None);
    };
    let mut ask = Ask {
        before,
        with: (gap.archive == OWN).then(|| conversation.to_owned()),
        max,
        ..Ask::of(&gap.archive)
    };
    let Some(mut page) = fetch_older(shared, handle, &mut ask).await? else {
        return Ok(Some(false));
    };
    page.cut(gap.after.as_deref());
    let closed = page.complete
        || page.ids.is_empty()
        || gap
            .after
            .as_ref()
            .is_some_and(|after| page.ids.contains(after));
    let before = page.ids.first().cloned().or(ask.before).unwrap_or_default();
    let step = if gap.archive == OWN {
        Step::FillConversation {
            gap: gap.id,
            conversation: conversation.to_owned(),
            before,
            complete: closed,
        }
    } else {
        Step::Fill {
            gap: gap.id,
            before: Some(before),
            closed,
        }
    };
    shared.apply(page.meanings, step).await?;
    // Also where nothing came: there is no gap any more.
    shared.messages_changed(conversation);
    Ok(Some(true))
}

/// What an archive is asked for.
#[derive(Debug, Clone)]
pub(in crate::account) struct Ask {
    pub(in crate::account) archive: String,
    /// What is older than the message with this id; else the newest.
    pub(in crate::account) before: Option<String>,
    /// Nothing newer than this.
    pub(in crate::account) end_ms: Option<i64>,
    /// Messages with this person only.
    pub(in crate::account) with: Option<String>,
    pub(in crate::account) max: usize,
}

impl Ask {
    fn of(archive: &str) -> Self {
        Self {
            archive: archive.to_owned(),
            before: None,
            end_ms: None,
            with: None,
            max: PAGE,
        }
    }
}

/// What came of asking for a page.
enum Fetched {
    Page(Page),
    /// There is no such place in the archive.
    NotThere,
    /// There is no archive, or it does not work now.
    Failed,
}

struct Page {
    meanings: Vec<Meaning>,
    /// Where the meanings of each id begin.
    starts: Vec<usize>,
    /// Ids of all that the page has, oldest first.
    ids: Vec<String>,
    complete: bool,
}

impl Page {
    /// Leaves out what the message with this id and those before it say: they
    /// have their places.
    fn cut(&mut self, after: Option<&str>) {
        if let Some(end) = after.and_then(|after| self.up_to(after)) {
            self.meanings.drain(..end);
        }
    }

    /// How many meanings the message with this id and those before it have; none if it
    /// is not in the page.
    fn up_to(&self, id: &str) -> Option<usize> {
        let known = self.ids.iter().position(|one| one == id)?;
        let end = self.starts.get(known + 1).copied();
        Some(end.unwrap_or(self.meanings.len()))
    }
}

/// An older page. Where the archive does not know the place any more (its
/// message was removed), it is found by its time.
async fn fetch_older(
    shared: &Shared,
    handle: &Handle,
    ask: &mut Ask,
) -> Result<Option<Page>, ConnectError> {
    match fetch(shared, handle, ask).await? {
        Fetched::Page(page) => return Ok(Some(page)),
        Fetched::Failed => return Ok(None),
        Fetched::NotThere => {}
    }
    let Some(id) = ask.before.take() else {
        return Ok(None);
    };
    let lost = id.clone();
    ask.end_ms = shared
        .store
        .read(move |db| archive::time_of(db, &lost))
        .await?;
    if ask.end_ms.is_none() {
        // Next time again.
        ask.before = Some(id);
        return Ok(None);
    }
    Ok(match fetch(shared, handle, ask).await? {
        Fetched::Page(page) => Some(page),
        _ => None,
    })
}

async fn fetch(shared: &Shared, handle: &Handle, ask: &Ask) -> Result<Fetched, ConnectError> {
    let query_id = shared.clock.random_id();
    let query = outgoing::archive_query(&query_id, ask);
    let to = (ask.archive != OWN).then_some(ask.archive.as_str());
    let answer = match handle.page(to, query).await {
        Ok(answer) => answer,
        // XEP-0059, section 2.7: the place is not there any more.
        Err(AskError::Refused(error)) if error.condition == Condition::ItemNotFound => {
            return Ok(Fetched::NotThere);
        }
        Err(error) => {
            or_end(error, "archive")?;
            return Ok(Fetched::Failed);
        }
    };
    let now_ms = shared.clock.now_ms();
    let seat = match to {
        Some(room) => rooms::seat(shared, room).await?,
        None => None,
    };
    let mut page = Page {
        meanings: Vec::new(),
        starts: Vec::with_capacity(answer.results.len()),
        ids: Vec::with_capacity(answer.results.len()),
        complete: false,
    };
    for result in &answer.results {
        let id = result
            .get_child("result", ns::MAM)
            .and_then(|result| result.attr("id"));
        if let Some(id) = id {
            page.ids.push(id.to_owned());
            page.starts.push(page.meanings.len());
        }
        if let Some(seat) = &seat {
            page.meanings
                .extend(inbound::room::archived(seat, result, now_ms));
        } else if let Some(archived) = inbound::archived(&shared.address, result, now_ms) {
            page.meanings.extend(archived.meanings);
        }
    }
    page.complete = answer
        .iq
        .get_child("fin", ns::MAM)
        .is_some_and(|fin| matches!(fin.attr("complete"), Some("true" | "1")));
    // What the page says of itself counts where its results do not.
    if page.ids.is_empty()
        && let Some(first) = first_of(&answer.iq)
    {
        page.ids.push(first);
    }
    Ok(Fetched::Page(page))
}

fn first_of(iq: &Element) -> Option<String> {
    iq.get_child("fin", ns::MAM)?
        .get_child("set", ns::RSM)?
        .get_child("first", ns::RSM)
        .map(Element::text)
}
