//! The export for people: one page without scripts. Whatever comes from others is
//! escaped, and the page itself forbids everything that would leave it.

use std::fmt::Write as _;

use jiff::Timestamp;
use jiff::tz::TimeZone;

use super::{Copied, Head};
use crate::api::ExportLabels;
use crate::store::export::{Attachment, Row};
use crate::store::messages::State;

pub(super) const END: &str = "</main></body></html>\n";

const STYLE: &str = "\
:root{color-scheme:light dark;font:16px/1.5 system-ui,sans-serif}\
body{margin:0 auto;max-width:46rem;padding:1rem}\
h1{font-size:1.4rem;margin:0}header p,time,.note{color:GrayText;font-size:.8rem}\
h2{font-size:.9rem;text-align:center;margin:1.5rem 0 .5rem;color:GrayText}\
article{margin:.5rem 0;padding:.4rem .8rem;border:1px solid color-mix(in srgb,currentColor 20%,transparent);border-radius:.6rem;width:fit-content;max-width:85%}\
article.out{margin-inline-start:auto}article.event{margin-inline:auto;border:0}\
article p{margin:0;white-space:pre-wrap;overflow-wrap:anywhere}\
img{max-width:100%;max-height:24rem;display:block}b{margin-inline-end:.5rem}";

pub(super) fn begin(head: &Head) -> String {
    let labels = &head.labels;
    let name = escaped(&head.name);
    let (day, time) = when(head.exported_ms, labels);
    format!(
        "<!doctype html>\n<html lang=\"{}\"><head><meta charset=\"utf-8\">\
         <meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; \
         style-src 'unsafe-inline'; img-src 'self' file:\">\
         <meta name=\"referrer\" content=\"no-referrer\">\
         <meta name=\"viewport\" content=\"width=device-width\">\
         <title>{name}</title><style>{STYLE}</style></head><body>\
         <header><h1>{name}</h1><p>{}<br>{} {day} {time}</p></header><main>",
        escaped(&labels.language),
        escaped(&head.conversation),
        escaped(&labels.exported),
    )
}

pub(super) fn message(
    row: &Row,
    copied: &[Copied],
    labels: &ExportLabels,
    last_day: &mut String,
) -> String {
    let (day, time) = when(row.time_ms, labels);
    let mut text = String::new();
    if day != *last_day {
        push(&mut text, format_args!("\n<h2>{day}</h2>"));
        *last_day = day;
    }
    let class = match (row.kind.as_str(), row.outgoing) {
        ("event", _) => "event",
        (_, true) => "out",
        (_, false) => "in",
    };
    let author = escaped(&row.author_name);
    let stamp = Timestamp::from_millisecond(row.time_ms).unwrap_or(Timestamp::UNIX_EPOCH);
    push(
        &mut text,
        format_args!(
            "\n<article class=\"{class}\"><b>{author}</b><time datetime=\"{stamp}\">{time}</time>"
        ),
    );
    if row.retracted {
        push(
            &mut text,
            format_args!("<p class=\"note\">{}</p>", escaped(&labels.retracted)),
        );
    } else if !row.text.is_empty() {
        push(&mut text, format_args!("<p>{}</p>", escaped(&row.text)));
    }
    for (place, file) in row.attachments.iter().enumerate() {
        let copy = copied.iter().find(|copy| copy.place == place);
        text.push_str(&attachment(file, copy, labels));
    }
    if row.edited_ms.is_some() && !row.retracted {
        push(
            &mut text,
            format_args!(" <span class=\"note\">{}</span>", escaped(&labels.edited)),
        );
    }
    if row.outgoing && matches!(row.state, State::Waiting | State::Failed(_)) {
        push(
            &mut text,
            format_args!(" <span class=\"note\">{}</span>", escaped(&labels.not_sent)),
        );
    }
    text.push_str("</article>");
    text
}

fn attachment(file: &Attachment, copy: Option<&Copied>, labels: &ExportLabels) -> String {
    let name = escaped(file.name.as_deref().unwrap_or(&labels.file));
    let is_picture = matches!(
        file.media_type.as_deref(),
        Some("image/png" | "image/jpeg" | "image/gif" | "image/webp" | "image/avif")
    );
    match (copy, &file.url) {
        (Some(copy), _) if is_picture => {
            format!(
                "<p><img src=\"{}\" alt=\"{name}\"></p>",
                address(&copy.path)
            )
        }
        (Some(copy), _) => format!("<p><a href=\"{}\">{name}</a></p>", address(&copy.path)),
        (None, Some(url)) if url.starts_with("https://") || url.starts_with("http://") => {
            format!(
                "<p><a rel=\"noreferrer\" href=\"{}\">{name}</a></p>",
                escaped(url)
            )
        }
        _ => format!("<p class=\"note\">{name}</p>"),
    }
}

fn push(text: &mut String, more: std::fmt::Arguments<'_>) {
    // Writing into a string cannot fail.
    text.write_fmt(more).unwrap_or_default();
}

/// Day and time as they are shown.
fn when(ms: i64, labels: &ExportLabels) -> (String, String) {
    let zone = TimeZone::get(&labels.time_zone).unwrap_or(TimeZone::UTC);
    let stamp = Timestamp::from_millisecond(ms).unwrap_or(Timestamp::UNIX_EPOCH);
    let there = stamp.to_zoned_datetime(zone);
    (
        there.strftime("%Y-%m-%d").to_string(),
        there.strftime("%H:%M").to_string(),
    )
}

fn escaped(text: &str) -> String {
    let mut safe = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => safe.push_str("&amp;"),
            '<' => safe.push_str("&lt;"),
            '>' => safe.push_str("&gt;"),
            '"' => safe.push_str("&quot;"),
            '\'' => safe.push_str("&#39;"),
            _ => safe.push(c),
        }
    }
    safe
}

/// A relative path as an address: each of its parts percent-encoded.
fn address(path: &str) -> String {
    let mut safe = String::with_capacity(path.len());
    for byte in path.bytes() {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'_' | b'.' | b'/' => {
                safe.push(char::from(byte));
            }
            _ => push(&mut safe, format_args!("%{byte:02X}")),
        }
    }
    safe
}
