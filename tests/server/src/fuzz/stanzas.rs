//! The running server: whatever a signed-in client says, requests are answered,
//! streams end by the book, and the process goes on.

use anyhow::{Context, Result, bail, ensure};
use xmpp_core::element::{self, StreamPrefixes};
use xmpp_core::sasl::Mechanism;
use xmpp_core::stream::StreamError;
use xmpp_core::{Element, ns};

use super::{corpus, mutate};
use crate::peer::{Peer, Security, parse, patiently};
use crate::random::Random;
use crate::startalk::{PASSWORD, Startalk};

/// More than that the process may never have.
const MOST_MEMORY: u64 = 300_000_000;

/// What became of the inputs.
#[derive(Debug, Default, Clone, Copy)]
pub struct Outcome {
    /// Requests that were answered.
    pub answered: u64,
    /// Streams that were ended with an error.
    pub ended: u64,
}

/// Who speaks.
struct Speaker<'a> {
    server: &'a Startalk,
    peer: Option<Peer>,
    outcome: Outcome,
}

/// Says this many things to a server that has the accounts `rosa` and `bob`.
///
/// # Errors
/// The first input after which something is not as it should be, with its seed.
pub async fn run(server: &mut Startalk, seed: u64, rounds: u64) -> Result<Outcome> {
    let texts = corpus();
    let prefixes = StreamPrefixes::default();
    let elements: Vec<Element> = texts
        .iter()
        .map(|text| element::parse_in_stream(text.as_bytes(), &prefixes))
        .collect::<Result<_, _>>()?;
    let mut speaker = Speaker {
        server,
        peer: None,
        outcome: Outcome::default(),
    };
    for round in 0..rounds {
        let seed = seed.wrapping_add(round);
        let mut random = Random::new(seed);
        // Whole elements mostly: a broken one costs the stream.
        if random.one_in(20) {
            let bytes = mutate::bytes(&mut random, &texts);
            let said = speaker.bytes(&bytes).await;
            said.with_context(|| format!("seed {seed}: {}", bytes.escape_ascii()))?;
        } else {
            let id = format!("fuzz-{round}");
            if let Some(element) = mutate::tree(&mut random, &elements, &id) {
                let said = speaker.element(&element, round).await;
                said.with_context(|| format!("seed {seed}: {element:?}"))?;
            }
        }
    }
    let outcome = speaker.outcome;
    let process = server.process();
    ensure!(process.is_running(), "the server ended");
    let memory = crate::process::memory(process.id());
    ensure!(memory < MOST_MEMORY, "{memory} bytes of memory");
    ensure!(!server.said().contains("panicked"), "{}", server.said());
    // Somebody else is served as ever.
    let account = ("bob", PASSWORD);
    let scram = Mechanism::ScramSha256;
    let target = server.target();
    Peer::session(target, Security::StartTls, scram, account, "end").await?;
    Ok(outcome)
}

impl Speaker<'_> {
    /// Says an element; its answer comes, or the stream ends with an error.
    async fn element(&mut self, element: &Element, round: u64) -> Result<()> {
        let mut peer = match self.peer.take() {
            Some(peer) => peer,
            None => self.sign_in().await?,
        };
        let sync = format!("sync-{round}");
        let ping = format!(
            "<iq type='get' id='{sync}'><ping xmlns='{}'/></iq>",
            ns::PING
        );
        // The server may end the stream before it has read all of it.
        drop(peer.send(&element::write(element)?).await);
        drop(peer.send(&ping).await);
        let mut wanted = wants_answer(element).then(|| element.attr("id"));
        let mut is_synced = false;
        while !is_synced || wanted.is_some() {
            let Some(raw) = patiently(peer.raw())
                .await
                .context("no answer, and no end")??
            else {
                bail!("the connection ended without a stream error");
            };
            let element = parse(&raw)?;
            if StreamError::from_element(&element).is_some() {
                self.outcome.ended += 1;
                return Ok(());
            }
            let id = element.attr("id");
            if element.name() == "iq" && wanted == Some(id) {
                self.outcome.answered += 1;
                wanted = None;
            }
            is_synced |= id == Some(&sync);
        }
        self.peer = Some(peer);
        Ok(())
    }

    /// Says what may be no XML at all, and no more; the stream ends.
    async fn bytes(&mut self, bytes: &[u8]) -> Result<()> {
        let mut peer = match self.peer.take() {
            Some(peer) => peer,
            None => self.sign_in().await?,
        };
        drop(peer.send_bytes(bytes).await);
        drop(peer.send("</stream:stream>").await);
        peer.finish_sending().await;
        let condition = peer.end().await.context("the stream does not end")?;
        self.outcome.ended += u64::from(condition.is_some());
        Ok(())
    }

    async fn sign_in(&self) -> Result<Peer> {
        let target = self.server.target();
        let account = ("rosa", PASSWORD);
        let plain = Mechanism::Plain;
        let mut peer = Peer::session(target, Security::Direct, plain, account, "desk").await?;
        peer.send("<presence/>").await?;
        Ok(peer)
    }
}

/// Whether it is a request to the server itself, which must be answered
/// (RFC 6120, section 8.2.3).
fn wants_answer(element: &Element) -> bool {
    let is_request = matches!(element.attr("type"), Some("get" | "set"));
    let is_ours = match element.attr("to") {
        None => true,
        Some(to) => [
            "localhost",
            "rosa@localhost",
            "conference.localhost",
            "plans@conference.localhost",
        ]
        .contains(&to),
    };
    element.name() == "iq" && is_request && is_ours
}
