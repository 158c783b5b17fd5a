//! What belongs to the text of a message. Offsets into texts are in Unicode code
//! points, as on the wire (XEP-0426).

use serde::{Deserialize, Serialize};

use crate::api::FileState;

/// What kind of message it is.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Kind {
    #[default]
    Text,
    /// With attachments.
    File,
    /// Something that happened, such as a change of a room's subject.
    Event,
}

impl Kind {
    pub(super) fn as_str(self) -> &'static str {
        match self {
            Self::Text => "text",
            Self::File => "file",
            Self::Event => "event",
        }
    }

    pub(super) fn from_name(name: &str) -> Self {
        match name {
            "file" => Self::File,
            "event" => Self::Event,
            _ => Self::Text,
        }
    }
}

/// All of a message but its text.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Extras {
    pub(crate) kind: Kind,
    pub(crate) reply: Option<Reply>,
    pub(crate) mentions: Vec<Mention>,
    pub(crate) mentions_me: bool,
    pub(crate) attachments: Vec<Attachment>,
    /// Signs in the text mean themselves (XEP-0393, section 6.1).
    pub(crate) unstyled: bool,
    /// The text only says that there is something we cannot read (XEP-0380).
    pub(crate) encrypted: bool,
}

/// What a message answers (XEP-0461).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Reply {
    /// Reference id.
    pub(crate) id: String,
    /// Address, as the sender gives it.
    pub(crate) author: Option<String>,
    /// What the sender repeats of it.
    pub(crate) excerpt: Option<String>,
}

/// Somebody is named in the text (XEP-0372).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Mention {
    /// First code point.
    pub(crate) begin: usize,
    /// Behind the last one.
    pub(crate) end: usize,
    /// Bare, or with the nickname in a room.
    pub(crate) address: String,
    pub(crate) me: bool,
}

/// A file (XEP-0446), or what an address says of it.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub(crate) struct Attachment {
    /// Where it is; nothing while it is being uploaded.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) url: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) name: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) media_type: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) size_bytes: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) width: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) height: Option<u32>,
    /// Base64, as on the wire (XEP-0300).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) sha256: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) description: Option<String>,
    /// For a window: where its bytes are.
    #[serde(skip)]
    pub(crate) state: FileState,
}

/// A list as its column has it; nothing for an empty one.
pub(super) fn to_column<T: Serialize>(list: &[T]) -> Option<String> {
    if list.is_empty() {
        return None;
    }
    serde_json::to_string(list).ok()
}

/// A list from its column. What does not fit counts as nothing.
pub(in crate::store) fn from_column<T: for<'a> Deserialize<'a>>(column: Option<String>) -> Vec<T> {
    column
        .and_then(|text| serde_json::from_str(&text).ok())
        .unwrap_or_default()
}

/// From code points to the UTF-16 units of a user interface; `None` if the range
/// is not in the text.
pub(crate) fn to_utf16(text: &str, begin: usize, end: usize) -> Option<(u32, u32)> {
    let mut at = 0;
    let mut start = (begin == 0).then_some(0);
    let mut stop = None;
    for (index, c) in text.chars().enumerate() {
        if index == begin {
            start = Some(at);
        }
        if index == end {
            stop = Some(at);
        }
        at += c.len_utf16();
    }
    let stop = stop.or((text.chars().count() == end).then_some(at));
    match (start, stop) {
        (Some(start), Some(stop)) if start < stop => {
            Some((u32::try_from(start).ok()?, u32::try_from(stop).ok()?))
        }
        _ => None,
    }
}

/// From UTF-16 units to code points; `None` if the range is not in the text, or
/// parts a character.
pub(crate) fn from_utf16(text: &str, start: u32, end: u32) -> Option<(usize, usize)> {
    let find = |wanted: u32| {
        let mut at = 0;
        let mut count = 0;
        for c in text.chars() {
            if at == wanted as usize {
                return Some(count);
            }
            at += c.len_utf16();
            count += 1;
        }
        (at == wanted as usize).then_some(count)
    };
    let (begin, end) = (find(start)?, find(end)?);
    (begin < end).then_some((begin, end))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranges_are_counted_in_both_units() {
        let text = "🎉 你好 @王伟!";
        for (begin, end, start, stop) in [(0, 1, 0, 2), (5, 8, 6, 9), (5, 9, 6, 10)] {
            assert_eq!(to_utf16(text, begin, end), Some((start, stop)));
            assert_eq!(from_utf16(text, start, stop), Some((begin, end)));
        }
        for (begin, end) in [(3, 3), (4, 2), (8, 10), (20, 21)] {
            assert_eq!(to_utf16(text, begin, end), None);
        }
        assert_eq!(from_utf16(text, 1, 2), None, "half of a character");
        assert_eq!(from_utf16(text, 0, 11), None);
    }

    #[test]
    fn columns_that_do_not_fit_are_empty() {
        let mention = Mention {
            begin: 1,
            end: 2,
            address: "a@b".into(),
            me: true,
        };
        let column = to_column(std::slice::from_ref(&mention));
        assert_eq!(from_column::<Mention>(column), [mention]);
        assert_eq!(to_column::<Mention>(&[]), None);
        assert_eq!(from_column::<Mention>(Some("{".into())), []);
    }
}
