//! What Windows is told to show: the document of a toast, and its tag.
//!
//! Toast content schema (Windows apps, "Toast content"). The document is written out and
//! read by the system, so the text of a message must not become a part of it.

use std::fmt::Write;

use sha2::{Digest, Sha256};

use super::super::board::{Card, Slot};
use super::super::words::Words;

/// Argument of the button, by which it is known when it comes back.
pub(super) const MARK_READ: &str = "mark-read";
/// The system shows four lines and takes 5 kB of document in all.
const MAX_CHARS: usize = 300;

/// The document.
pub(super) fn document(slot: &Slot, card: &Card, words: Words) -> String {
    let actions = if matches!(slot, Slot::Conversation(_)) {
        format!(
            "<actions><action content=\"{}\" arguments=\"{MARK_READ}\"/></actions>",
            escape(words.mark_read())
        )
    } else {
        String::new()
    };
    let audio = if card.sound {
        "<audio src=\"ms-winsoundevent:Notification.IM\"/>"
    } else {
        "<audio silent=\"true\"/>"
    };
    format!(
        "<toast><visual><binding template=\"ToastGeneric\"><text>{}</text><text>{}</text>\
         </binding></visual>{actions}{audio}</toast>",
        escape(&card.title),
        escape(&card.body)
    )
}

/// Names the place of a notification: what has the same tag is replaced. The first
/// versions of Windows 10 take 16 characters, so names of conversations are hashed.
pub(super) fn tag(slot: &Slot) -> String {
    let key = match slot {
        Slot::Conversation(key) => key,
        Slot::Summary => return "summary".to_owned(),
        Slot::Hint => return "hint".to_owned(),
    };
    let mut hash = Sha256::new();
    hash.update(key.account.as_bytes());
    // Ends the first, so that no two pairs are written alike.
    hash.update([0]);
    hash.update(key.conversation.as_bytes());
    let mut tag = String::new();
    for byte in hash.finalize().iter().take(8) {
        // A String takes everything.
        _ = write!(tag, "{byte:02x}");
    }
    tag
}

/// Text of the document; what XML 1.0 has no place for (section 2.2) goes.
fn escape(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for one in text.chars().take(MAX_CHARS) {
        match one {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&quot;"),
            '\t' | '\n' | '\r' => escaped.push(one),
            '\u{0}'..='\u{1f}' | '\u{fffe}' | '\u{ffff}' => {}
            _ => escaped.push(one),
        }
    }
    escaped
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::contract::ConversationKey;

    fn slot(account: &str, conversation: &str) -> Slot {
        Slot::Conversation(ConversationKey {
            account: account.to_owned(),
            conversation: conversation.to_owned(),
        })
    }

    fn card(body: &str) -> Card {
        Card {
            title: "Li & Wang".to_owned(),
            body: body.to_owned(),
            sound: false,
            reply: true,
        }
    }

    /// Texts and the value of an attribute, as a reader of XML has them.
    fn read(document: &str) -> (Vec<String>, Vec<String>) {
        let element: minidom::Element = document
            .replacen("<toast>", "<toast xmlns=\"x\">", 1)
            .parse()
            .expect("XML");
        let visual = element.get_child("visual", "x").expect("visual");
        let binding = visual.get_child("binding", "x").expect("binding");
        let texts = binding.children().map(minidom::Element::text).collect();
        let actions = element.get_child("actions", "x");
        let actions = actions.iter().flat_map(|actions| actions.children());
        let actions = actions.filter_map(|action| action.attr("arguments").map(str::to_owned));
        (texts, actions.collect())
    }

    #[test]
    fn u73_text_of_a_message_stays_text() {
        let hostile = "</text></binding>\u{0}\u{b}\u{ffff}<action arguments=\"x\"/>&amp; 你好 😀";
        let (texts, actions) = read(&document(&slot("a", "li"), &card(hostile), Words::English));
        let kept = "</text></binding><action arguments=\"x\"/>&amp; 你好 😀";
        assert_eq!(texts, ["Li & Wang", kept]);
        assert_eq!(actions, [MARK_READ]);
    }

    #[test]
    fn u80_a_long_message_fits_in_what_the_system_takes() {
        let long = "&".repeat(100_000);
        let document = document(&slot("a", "li"), &card(&long), Words::Chinese);
        assert!(document.encode_utf16().count() * 2 < 5 * 1024);
        assert_eq!(read(&document).0[1].chars().count(), MAX_CHARS);
    }

    #[test]
    fn u80_only_a_conversation_is_marked_as_read_and_only_a_loud_card_is_heard() {
        let mut card = card("hi");
        let quiet = document(&Slot::Summary, &card, Words::English);
        assert_eq!(read(&quiet).1, [""; 0]);
        assert!(quiet.contains("silent=\"true\""));
        card.sound = true;
        let loud = document(&Slot::Summary, &card, Words::English);
        assert!(loud.contains("Notification.IM") && !loud.contains("silent"));
    }

    #[test]
    fn u80_each_place_has_a_tag_of_its_own() {
        let slots = [
            slot("a", "li"),
            slot("a", "wang"),
            slot("b", "li"),
            slot("ab", "c"),
            slot("a", "bc"),
            Slot::Summary,
            Slot::Hint,
        ];
        let tags: std::collections::HashSet<_> = slots.iter().map(tag).collect();
        assert_eq!(tags.len(), slots.len());
        assert_eq!(tag(&slots[0]), tag(&slot("a", "li")));
        assert!(tags.iter().all(|tag| tag.len() <= 16));
    }
}
