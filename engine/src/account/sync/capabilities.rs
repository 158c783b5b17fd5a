//! What others' programs can do (XEP-0115): asked once for each hash, kept if
//! the answer is what the hash stands for.

use std::collections::HashMap;

use jid::Jid;
use xmpp_core::caps::{CapsHash, verification};
use xmpp_core::element::build;
use xmpp_core::{Element, ns};

use crate::account::Shared;
use crate::account::handle::Handle;
use crate::connection::ConnectError;
use crate::store::{capabilities, contacts};

/// Hashes that wait to be asked for; more are asked for with a later presence.
const MAX_WANTED: usize = 200;
/// Longest hash or name of it.
const MAX_TEXT: usize = 256;
/// Features of one program that are kept.
const MAX_FEATURES: usize = 500;

/// Whom to ask, by the key of the hash.
#[derive(Debug, Default)]
pub(in crate::account) struct Wanted(HashMap<String, Question>);

#[derive(Debug)]
struct Question {
    of: Jid,
    node: String,
    hash: CapsHash,
    ver: String,
}

/// The key of what a presence says; `None` if it says nothing that could be verified.
pub(in crate::account) fn key(presence: &Element) -> Option<String> {
    let caps = presence.get_child("c", ns::CAPS)?;
    let (hash, ver) = (caps.attr("hash")?, caps.attr("ver")?);
    CapsHash::from_name(hash)?;
    (ver.len() <= MAX_TEXT).then(|| format!("{hash} {ver}"))
}

/// A presence says what can be done there: it will be asked for.
pub(in crate::account) fn wanted(shared: &Shared, of: &Jid, presence: &Element) {
    let (Some(key), Some(caps)) = (key(presence), presence.get_child("c", ns::CAPS)) else {
        return;
    };
    let (Some(hash), Some(ver), Some(node)) = (
        caps.attr("hash").and_then(CapsHash::from_name),
        caps.attr("ver"),
        caps.attr("node").filter(|node| node.len() <= MAX_TEXT),
    ) else {
        return;
    };
    let question = Question {
        of: of.clone(),
        node: node.to_owned(),
        hash,
        ver: ver.to_owned(),
    };
    let mut wanted = shared.people.wanted();
    if wanted.0.len() < MAX_WANTED {
        wanted.0.entry(key).or_insert(question);
        shared.people.wanted_bell.notify_one();
    }
}

/// Asks for what is wanted, one after the other, as long as the session runs.
pub(super) async fn follow(shared: &Shared, handle: &Handle) -> Result<(), ConnectError> {
    shared.people.wanted().0.clear();
    loop {
        shared.people.wanted_bell.notified().await;
        loop {
            let next = {
                let mut wanted = shared.people.wanted();
                let key = wanted.0.keys().min().cloned();
                key.and_then(|key| wanted.0.remove_entry(&key))
            };
            let Some((key, question)) = next else { break };
            ask(shared, handle, key, question).await?;
        }
    }
}

async fn ask(
    shared: &Shared,
    handle: &Handle,
    key: String,
    question: Question,
) -> Result<(), ConnectError> {
    let (known_key, of) = (key.clone(), question.of.to_bare().to_string());
    let needed = shared
        .store
        .read(move |db| {
            // Nobody else can make us ask and keep.
            Ok(capabilities::features(db, &known_key)?.is_none()
                && contacts::get(db, &of)?.is_some())
        })
        .await?;
    if !needed {
        return Ok(());
    }
    let query = build("query", ns::DISCO_INFO)
        .attr("node", format!("{}#{}", question.node, question.ver))
        .done();
    let answer = match handle.ask("get", Some(question.of.as_str()), query).await {
        Ok(answer) => answer,
        Err(error) => return super::or_go_on(error, "a program does not say what it can do"),
    };
    let Some(query) = answer.get_child("query", ns::DISCO_INFO) else {
        return Ok(());
    };
    // Section 5.4: what is not proved by its hash is not kept, else one person
    // could say for all what their programs can do.
    if verification(query, question.hash).as_ref() != Some(&question.ver) {
        tracing::info!("what a program can do is not what its hash stands for");
        return Ok(());
    }
    let features: Vec<String> = query
        .children()
        .filter(|child| child.is("feature", ns::DISCO_INFO))
        .filter_map(|feature| feature.attr("var").map(str::to_owned))
        .take(MAX_FEATURES)
        .collect();
    let now_ms = shared.clock.now_ms();
    shared
        .store
        .write(move |tx| capabilities::keep(tx, &key, &features, now_ms))
        .await?;
    Ok(())
}
