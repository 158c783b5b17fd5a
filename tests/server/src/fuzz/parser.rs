//! The parser of the stream: however bytes are cut, the same comes out; what
//! was read can be written and read again; nothing panics.

use xmpp_core::element::{self, StreamPrefixes};
use xmpp_core::framing::{Frame, Framer, FramingError, FramingLimits, check_document};
use xmpp_core::stream::StreamHeader;

use super::{corpus, mutate};
use crate::random::Random;

const HEADER: &str = "<?xml version='1.0'?><stream:stream xmlns='jabber:client' \
     xmlns:stream='http://etherx.jabber.org/streams' to='localhost' version='1.0'>";

const LIMITS: FramingLimits = FramingLimits {
    max_element_bytes: 4096,
    max_depth: 8,
    max_attributes: 16,
    max_elements: 500,
};

/// What became of the inputs: a run in which everything is refused shows little.
#[derive(Debug, Default, Clone, Copy)]
pub struct Outcome {
    /// Elements that were read.
    pub read: u64,
    /// Streams that were refused.
    pub refused: u64,
}

/// Tries this many streams.
///
/// # Errors
/// The first input that does not fit, with its seed.
pub fn run(seed: u64, rounds: u64) -> Result<Outcome, String> {
    let examples = corpus();
    let mut outcome = Outcome::default();
    for round in 0..rounds {
        let seed = seed.wrapping_add(round);
        let mut random = Random::new(seed);
        let mut stream = match random.one_in(8) {
            true => mutate::bytes(&mut random, &[HEADER.to_owned()]),
            false => HEADER.as_bytes().to_vec(),
        };
        for _ in 0..=random.below(3) {
            match random.one_in(3) {
                true => stream.extend_from_slice(random.pick(&examples).as_bytes()),
                false => stream.extend(mutate::bytes(&mut random, &examples)),
            }
        }
        one(&mut random, &stream, &mut outcome)
            .map_err(|why| format!("seed {seed}: {why}: {}", stream.escape_ascii()))?;
    }
    Ok(outcome)
}

fn one(random: &mut Random, stream: &[u8], outcome: &mut Outcome) -> Result<(), String> {
    let whole = frames(stream, || stream.len());
    let cut = frames(stream, || 1 + random.below(7));
    if whole != cut {
        return Err(format!("cut differently: {whole:?} or {cut:?}"));
    }
    let (frames, error) = whole;
    outcome.refused += u64::from(error.is_some());
    for frame in frames {
        match frame {
            Frame::Open(tag) => drop(StreamHeader::parse_tcp(&tag)),
            Frame::Close => {}
            Frame::Element(bytes) => {
                check_document(&bytes, LIMITS)
                    .map_err(|error| format!("good on TCP, on a WebSocket {error}"))?;
                outcome.read += u64::from(round_trip(&bytes)?);
            }
        }
    }
    // As a frame of a WebSocket; either answer will do.
    if check_document(stream, LIMITS).is_ok() {
        drop(element::parse(stream));
    }
    Ok(())
}

fn frames(stream: &[u8], mut size: impl FnMut() -> usize) -> (Vec<Frame>, Option<FramingError>) {
    let mut framer = Framer::new(LIMITS);
    let mut frames = Vec::new();
    let mut rest = stream;
    loop {
        loop {
            match framer.next_frame() {
                Ok(Some(Frame::Close)) => {
                    frames.push(Frame::Close);
                    // What follows belongs to nobody.
                    return (frames, None);
                }
                Ok(Some(frame)) => frames.push(frame),
                Ok(None) => break,
                Err(error) => return (frames, Some(error)),
            }
        }
        if rest.is_empty() {
            return (frames, None);
        }
        let (now, later) = rest.split_at(size().clamp(1, rest.len()));
        framer.push(now);
        rest = later;
    }
}

/// Whether it was an element.
fn round_trip(bytes: &[u8]) -> Result<bool, String> {
    let prefixes = StreamPrefixes::default();
    let Ok(read) = element::parse_in_stream(bytes, &prefixes) else {
        return Ok(false);
    };
    let text = element::write(&read).map_err(|error| format!("cannot be written: {error}"))?;
    let again = element::parse_in_stream(text.as_bytes(), &prefixes)
        .map_err(|error| format!("{error} in what we wrote: {text}"))?;
    match again == read {
        true => Ok(true),
        false => Err(format!("became {text}")),
    }
}
