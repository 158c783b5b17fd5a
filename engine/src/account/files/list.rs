//! The files of a conversation, or of all, as they are listed.

use super::failed;
use crate::account::Shared;
use crate::account::requests::view;
use crate::api::{ApiError, FileFilter, FilePage, FileRow};
use crate::files::kind;
use crate::store::attachments::{self, FileOf};
use crate::store::messages::Attachment;

/// Most files of a page.
const MAX_PAGE: u32 = 200;
/// Of what was typed so much is looked at, in characters.
const MAX_TEXT: usize = 256;

/// Which files.
pub(super) struct Ask {
    pub(super) conversation: Option<String>,
    pub(super) kind: FileFilter,
    pub(super) text: String,
    pub(super) before: Option<String>,
    pub(super) limit: u32,
}

/// A page of them.
pub(super) async fn page(shared: &Shared, ask: Ask) -> Result<FilePage, ApiError> {
    let before = ask.before.as_deref().and_then(place);
    let limit = ask.limit.clamp(1, MAX_PAGE) as usize;
    let text: String = ask.text.trim().chars().take(MAX_TEXT).collect();
    let words: Vec<String> = text.split_whitespace().map(str::to_lowercase).collect();
    let (conversation, kind) = (ask.conversation, ask.kind);
    let found = shared
        .store
        .read(move |db| {
            let before = before.unwrap_or((i64::MAX, i64::MAX));
            attachments::list(db, conversation.as_deref(), before, limit, |file, text| {
                is_of(kind, file) && has_all(file, text, &words)
            })
        })
        .await
        .map_err(failed)?;
    Ok(FilePage {
        files: found.files.into_iter().map(row).collect(),
        next: found.next.map(|(position, id)| format!("{position}.{id}")),
    })
}

fn place(text: &str) -> Option<(i64, i64)> {
    let (position, id) = text.split_once('.')?;
    Some((position.parse().ok()?, id.parse().ok()?))
}

fn is_of(filter: FileFilter, file: &Attachment) -> bool {
    let said = match file.media_type.as_deref() {
        Some(said) => said,
        None => kind::by_name(file.name.as_deref().unwrap_or_default()),
    };
    let is_picture = said.starts_with("image/");
    let is_media = said.starts_with("audio/") || said.starts_with("video/");
    match filter {
        FileFilter::All => true,
        FileFilter::Pictures => is_picture,
        FileFilter::Media => is_media,
        FileFilter::Documents => !is_picture && !is_media,
    }
}

fn has_all(file: &Attachment, text: &str, words: &[String]) -> bool {
    if words.is_empty() {
        return true;
    }
    let texts = [
        file.name.as_deref(),
        file.description.as_deref(),
        Some(text),
    ];
    let all = texts.into_iter().flatten().collect::<Vec<_>>().join("\n");
    let all = all.to_lowercase();
    words.iter().all(|word| all.contains(word.as_str()))
}

fn row(found: FileOf) -> FileRow {
    FileRow {
        conversation: found.conversation,
        message: found.message,
        index: found.place,
        author: found.author,
        author_name: found.author_name,
        time_ms: found.time_ms,
        file: view::attachment(found.file),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn file(name: &str, media_type: Option<&str>) -> Attachment {
        Attachment {
            name: Some(name.to_owned()),
            media_type: media_type.map(str::to_owned),
            ..Attachment::default()
        }
    }

    #[test]
    fn kinds_are_by_what_is_said_or_by_the_name() {
        use FileFilter::{All, Documents, Media, Pictures};
        for (file, filter) in [
            (file("a", Some("image/png")), Pictures),
            (file("a.svg", None), Pictures),
            (file("a", Some("video/mp4")), Media),
            (file("a.pdf", None), Documents),
            (file("a.png", Some("application/zip")), Documents),
        ] {
            for other in [Pictures, Media, Documents] {
                assert_eq!(is_of(other, &file), other == filter, "{file:?}");
            }
            assert!(is_of(All, &file));
        }
    }

    #[test]
    fn every_word_is_somewhere_in_the_name_or_what_is_said_with_it() {
        let file = file("Budget 2027.XLSX", None);
        let has = |text: &str| {
            let words: Vec<String> = text.split(' ').map(str::to_lowercase).collect();
            has_all(&file, "第三版 of it", &words)
        };
        assert!(has("budget") && has("xlsx 三版") && has("2027 IT"));
        assert!(!has("budget 2028"));
    }

    #[test]
    fn places_are_read_as_they_are_written() {
        assert_eq!(place("-5.7"), Some((-5, 7)));
        assert_eq!(place("x"), None);
    }
}
