//! The text of a message that is sent, and what belongs to it, so that older
//! programs show something sensible too (XEP-0428).

use xmpp_core::element::build;
use xmpp_core::{Element, ns};

use crate::store::messages::{Attachment, Message};

/// The elements of a message.
pub(super) fn of(message: &Message) -> Vec<Element> {
    let extras = &message.extras;
    let mut body = String::new();
    let mut elements = Vec::new();
    if let Some(reply) = &extras.reply {
        let quote = reply.excerpt.as_deref().unwrap_or_default();
        for line in quote.lines() {
            body.push_str("> ");
            body.push_str(line);
            body.push('\n');
        }
        elements.push(
            build("reply", ns::REPLY)
                .attr_opt("to", reply.author.as_deref())
                .attr("id", &reply.id)
                .done(),
        );
        if !body.is_empty() {
            elements.push(stand_in(ns::REPLY, 0, count(&body)));
        }
    }
    let begin = count(&body);
    body.push_str(&message.text);
    let urls: Vec<&str> = extras
        .attachments
        .iter()
        .filter_map(|file| file.url.as_deref())
        .collect();
    if !urls.is_empty() {
        let text_ends = count(&body);
        if !message.text.is_empty() {
            body.push('\n');
        }
        body.push_str(&urls.join("\n"));
        elements.push(stand_in(ns::FILE_SHARING, text_ends, count(&body)));
    }
    elements.extend(extras.mentions.iter().map(|mention| {
        build("reference", ns::REFERENCES)
            .attr("type", "mention")
            .attr("begin", (begin + mention.begin).to_string())
            .attr("end", (begin + mention.end).to_string())
            .attr("uri", format!("xmpp:{}", escaped(&mention.address)))
            .done()
    }));
    for file in &extras.attachments {
        if let Some(url) = &file.url {
            elements.push(shared(file, url));
            elements.push(
                build("x", ns::OOB)
                    .child(build("url", ns::OOB).text(url))
                    .done(),
            );
        }
    }
    if extras.unstyled {
        elements.push(build("unstyled", ns::STYLING).done());
    }
    elements.insert(0, build("body", ns::CLIENT).text(&body).done());
    elements
}

fn count(text: &str) -> usize {
    text.chars().count()
}

/// A part of the text stands for something else (XEP-0428, section 3).
fn stand_in(what: &str, begin: usize, end: usize) -> Element {
    build("fallback", ns::FALLBACK)
        .attr("for", what)
        .child(
            build("body", ns::FALLBACK)
                .attr("start", begin.to_string())
                .attr("end", end.to_string()),
        )
        .done()
}

/// XEP-0447, section 3.1.
fn shared(file: &Attachment, url: &str) -> Element {
    let text = |name: &str, value: Option<String>| {
        value.map(|value| build(name, ns::FILE_METADATA).text(value))
    };
    let described = build("file", ns::FILE_METADATA)
        .children(text("media-type", file.media_type.clone()))
        .children(text("name", file.name.clone()))
        .children(text("size", file.size_bytes.map(|size| size.to_string())))
        .children(text("width", file.width.map(|width| width.to_string())))
        .children(text("height", file.height.map(|height| height.to_string())))
        .children(
            file.sha256
                .as_ref()
                .map(|hash| build("hash", ns::HASHES).attr("algo", "sha-256").text(hash)),
        )
        .children(text("desc", file.description.clone()));
    let shown = file
        .media_type
        .as_deref()
        .is_some_and(|kind| kind.starts_with("image/") || kind.starts_with("video/"));
    build("file-sharing", ns::FILE_SHARING)
        .attr("disposition", if shown { "inline" } else { "attachment" })
        .child(described)
        .child(
            build("sources", ns::FILE_SHARING)
                .child(build("url-data", ns::URL_DATA).attr("target", url)),
        )
        .done()
}

/// What may not stand in a URI as it is (RFC 5122, section 2.2).
fn escaped(address: &str) -> String {
    let mut text = String::with_capacity(address.len());
    for byte in address.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~!$&'()*+,;=:@/".contains(&byte) {
            text.push(char::from(byte));
        } else {
            text.push_str(&format!("%{byte:02X}"));
        }
    }
    text
}
