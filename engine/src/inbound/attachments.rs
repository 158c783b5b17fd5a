//! Files that a message brings: XEP-0447 with XEP-0446, and what older programs
//! send, XEP-0385 and XEP-0066. Only addresses of the web count, as nothing else
//! can be fetched.

use url::Url;
use xmpp_core::{Element, ns, uri};

use crate::store::messages::Attachment;

/// Most files of one message.
const MOST: usize = 20;
/// Longest texts of a file's description, in characters.
const LONGEST: usize = 500;

/// The files of a message, each once.
pub(super) fn read(stanza: &Element) -> Vec<Attachment> {
    let mut files: Vec<Attachment> = Vec::new();
    let shared = stanza.children().filter_map(|child| {
        if child.is("file-sharing", ns::FILE_SHARING) {
            let url = child
                .get_child("sources", ns::FILE_SHARING)?
                .children()
                .filter(|source| source.is("url-data", ns::URL_DATA))
                .find_map(|source| web(source.attr("target")?))?;
            let file = child.get_child("file", ns::FILE_METADATA)?;
            return Some(described(url, file, ns::FILE_METADATA));
        }
        if child.is("reference", ns::REFERENCES) {
            let media = child.get_child("media-sharing", ns::MEDIA_SHARING)?;
            let url = media
                .get_child("sources", ns::MEDIA_SHARING)?
                .children()
                .filter(|source| source.is("reference", ns::REFERENCES))
                .find_map(|source| web(source.attr("uri")?))?;
            let file = media.get_child("file", ns::JINGLE_FILE)?;
            return Some(described(url, file, ns::JINGLE_FILE));
        }
        None
    });
    let plain = stanza
        .children()
        .filter(|child| child.is("x", ns::OOB))
        .filter_map(|child| {
            let url = web(child.get_child("url", ns::OOB)?.text().trim())?;
            Some(Attachment {
                name: last_segment(&url),
                description: child
                    .get_child("desc", ns::OOB)
                    .map(|desc| short(&desc.text())),
                url: Some(url),
                ..Attachment::default()
            })
        });
    for file in shared.chain(plain) {
        if files.len() < MOST && !files.iter().any(|known| known.url == file.url) {
            files.push(file);
        }
    }
    files
}

/// What the sender says of a file (XEP-0446, section 3).
fn described(url: String, file: &Element, namespace: &str) -> Attachment {
    let text = |name: &str| {
        file.get_child(name, namespace)
            .map(|child| short(child.text().trim()))
            .filter(|text| !text.is_empty())
    };
    let sha256 = file
        .children()
        .find(|child| child.is("hash", ns::HASHES) && child.attr("algo") == Some("sha-256"))
        .map(|hash| short(hash.text().trim()));
    Attachment {
        // A name, never a path.
        name: text("name")
            .and_then(|name| name.rsplit(['/', '\\']).next().map(str::to_owned))
            .or_else(|| last_segment(&url)),
        media_type: text("media-type"),
        size_bytes: text("size").and_then(|size| size.parse().ok()),
        width: text("width").and_then(|width| width.parse().ok()),
        height: text("height").and_then(|height| height.parse().ok()),
        sha256,
        description: text("desc"),
        url: Some(url),
        ..Attachment::default()
    }
}

fn short(text: &str) -> String {
    text.chars().take(LONGEST).collect()
}

fn web(address: &str) -> Option<String> {
    let url = Url::parse(address).ok()?;
    matches!(url.scheme(), "https" | "http").then(|| address.to_owned())
}

/// The name at the end of an address.
fn last_segment(address: &str) -> Option<String> {
    let url = Url::parse(address).ok()?;
    let last = url.path_segments()?.next_back()?;
    let name = uri::percent_decoded(last);
    // What was encoded may hold anything.
    let name = name.rsplit(['/', '\\']).next().unwrap_or_default();
    Some(short(name)).filter(|name| !name.is_empty())
}
