//! Reading an archive to its end (XEP-0313).

use anyhow::{Context, Result};
use xmpp_core::{Element, ns};

use crate::peer::Peer;

/// One message of an archive.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Archived {
    /// Its id in the archive.
    pub id: String,
    /// The id that its sender gave it.
    pub stanza_id: String,
    /// Who it is from.
    pub from: String,
    /// Its text.
    pub text: String,
}

/// Everything behind `after` in the archive at `of` (empty: one's own), oldest
/// first. What else comes meanwhile is dropped.
///
/// # Errors
/// If the server refuses, or says what is no answer.
pub async fn read(
    peer: &mut Peer,
    of: &str,
    after: Option<&str>,
    page: usize,
) -> Result<Vec<Archived>> {
    let mut all: Vec<Archived> = Vec::new();
    loop {
        let last = all.last().map(|message| message.id.as_str()).or(after);
        let after = last.map_or_else(String::new, |id| format!("<after>{id}</after>"));
        let query = format!(
            "<query xmlns='{}'><set xmlns='{}'><max>{page}</max>{after}</set></query>",
            ns::MAM,
            ns::RSM
        );
        let (answer, before) = peer.ask_and_keep("set", of, &query).await?;
        let number = all.len();
        all.extend(before.iter().filter_map(result));
        let fin = answer.get_child("fin", ns::MAM).context("no <fin/>")?;
        // A page without anything would go on for ever.
        if fin.attr("complete") == Some("true") || all.len() == number {
            return Ok(all);
        }
    }
}

fn result(message: &Element) -> Option<Archived> {
    let result = message.get_child("result", ns::MAM)?;
    let forwarded = result.get_child("forwarded", ns::FORWARD)?;
    let inner = forwarded.get_child("message", ns::CLIENT)?;
    let text = |name| inner.attr(name).unwrap_or_default().to_owned();
    Some(Archived {
        id: result.attr("id")?.to_owned(),
        stanza_id: text("id"),
        from: text("from"),
        text: inner
            .get_child("body", ns::CLIENT)
            .map(Element::text)
            .unwrap_or_default(),
    })
}
