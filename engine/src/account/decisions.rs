//! What the user decides about a conversation, in step over all devices: of what to
//! be told (XEP-0492) and whether it is pinned (XEP-0469). Both stand among the
//! extensions of a bookmark (XEP-0402); of a conversation between two, which has no
//! bookmark, in an item of a node of our own ([`super::sync::decisions`]), as XEP-0492,
//! section 2.1, wants it: in an element that names the conversation. A silence that
//! ends by itself is a matter of this device, as there is no word for it, and so is the
//! order of the pinned ones, and what was put away until somebody writes.

use rusqlite::Transaction;
use xmpp_core::element::{self, build};
use xmpp_core::{Element, ns};

use crate::store::conversations::noted::{self, Noted};
use crate::store::conversations::{self, Notify, Quiet};
use crate::store::rooms::{self, Room, wish};

/// What was decided about a conversation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Decided {
    pub(super) notify: Notify,
    pub(super) pinned: bool,
}

/// Where that has to be written down for the other devices.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum ToNote {
    /// It stands there, or is nobody else's matter.
    Nowhere,
    /// In the bookmark of the room.
    Bookmark,
    /// In our own node.
    Node,
}

/// What this program is (XEP-0492, section 2.2).
const CATEGORY: &str = "client";
const KIND: &str = "pc";

/// A setting that may be meant for us.
struct Setting {
    level: Notify,
    /// How much it is meant for us and nobody else.
    fit: u8,
}

fn setting(element: &Element) -> Option<Setting> {
    if !element.has_ns(ns::NOTIFICATION_SETTINGS) {
        return None;
    }
    let level = match element.name() {
        "always" => Notify::All,
        "on-mention" => Notify::Mentions,
        "never" => Notify::None,
        _ => return None,
    };
    let fit = match (
        element.attr("identity-category"),
        element.attr("identity-type"),
    ) {
        (None, None) => 0,
        (Some(CATEGORY), None) => 1,
        (Some(CATEGORY), Some(KIND)) => 2,
        _ => return None,
    };
    Some(Setting { level, fit })
}

/// Where the setting is that counts for us: the most special one.
fn chosen(settings: &[Element]) -> Option<(usize, Setting)> {
    let ours = settings.iter().enumerate();
    ours.filter_map(|(place, element)| Some((place, setting(element)?)))
        .reduce(|best, next| if next.1.fit > best.1.fit { next } else { best })
}

fn parsed(extensions: Option<&str>) -> Option<Element> {
    element::parse(extensions?.as_bytes()).ok()
}

fn settings_of(extensions: &Element) -> Vec<Element> {
    extensions
        .get_child("notify", ns::NOTIFICATION_SETTINGS)
        .into_iter()
        .flat_map(Element::children)
        .cloned()
        .collect()
}

/// What extensions say.
pub(super) fn read(extensions: Option<&str>) -> Decided {
    let extensions = parsed(extensions);
    let notify = extensions
        .as_ref()
        .and_then(|extensions| chosen(&settings_of(extensions)))
        .map_or(Notify::Usual, |(_, setting)| setting.level);
    let pinned = extensions.is_some_and(|all| all.has_child("pinned", ns::PINNING));
    Decided { notify, pinned }
}

/// The extensions that say so; what others have put there stays, with what is finer
/// than what we know (XEP-0492, section 3).
pub(super) fn write(extensions: Option<&str>, decided: Decided) -> Option<String> {
    let before = parsed(extensions);
    let settings = settings(before.as_ref(), decided.notify);
    let others = before.iter().flat_map(Element::children);
    let others = others.filter(|child| {
        !child.is("notify", ns::NOTIFICATION_SETTINGS) && !child.is("pinned", ns::PINNING)
    });
    let notify = (!settings.is_empty())
        .then(|| build("notify", ns::NOTIFICATION_SETTINGS).children(settings));
    let pinned = decided.pinned.then(|| build("pinned", ns::PINNING));
    let after = build("extensions", ns::BOOKMARKS)
        .children(others.cloned())
        .children(notify)
        .children(pinned)
        .done();
    after
        .children()
        .next()
        .is_some()
        .then(|| element::write(&after).ok())
        .flatten()
}

/// The settings that say this level.
fn settings(before: Option<&Element>, level: Notify) -> Vec<Element> {
    let mut settings = before.map(settings_of).unwrap_or_default();
    let name = match level {
        Notify::Usual => None,
        Notify::All => Some("always"),
        Notify::Mentions => Some("on-mention"),
        Notify::None => Some("never"),
    };
    match (name, chosen(&settings)) {
        (Some(name), found) => {
            if let Some((place, _)) = &found
                && let Some(element) = settings.get_mut(*place)
            {
                *element = build(name, ns::NOTIFICATION_SETTINGS)
                    .attr_opt("identity-category", element.attr("identity-category"))
                    .attr_opt("identity-type", element.attr("identity-type"))
                    .children(element.children().cloned())
                    .done();
            }
            let is_fallback =
                |element: &Element| setting(element).is_some_and(|setting| setting.fit == 0);
            if !settings.iter().any(is_fallback) {
                settings.push(build(name, ns::NOTIFICATION_SETTINGS).done());
            }
        }
        (None, Some((place, _))) => {
            settings.remove(place);
        }
        (None, None) => {}
    }
    settings
}

/// What an account has noted, when something else is heard: those extensions, whether
/// something is left to be noted, and whether what holds is what was heard. What was
/// decided here and is not noted yet is newer, until it comes back: what comes behind
/// that is newer still.
fn heard(ours: Option<&str>, unnoted: bool, theirs: Option<&str>) -> (Option<String>, bool) {
    let (decided, said) = (read(ours), read(theirs));
    if unnoted && said != decided {
        return (write(theirs, decided), true);
    }
    (theirs.map(str::to_owned), false)
}

/// From now on that holds on this device.
fn hold(
    tx: &Transaction<'_>,
    conversation: &str,
    before: Decided,
    now: Decided,
) -> rusqlite::Result<()> {
    if now.notify != before.notify {
        let quiet = Quiet {
            notify: now.notify,
            until_ms: None,
        };
        conversations::set_notify(tx, conversation, quiet)?;
    }
    if now.pinned && !before.pinned {
        conversations::pin(tx, conversation, None)?;
    } else if before.pinned && !now.pinned {
        conversations::unpin(tx, conversation)?;
    }
    Ok(())
}

/// A bookmark says something new of a room: takes that over.
pub(super) fn take_bookmark(
    tx: &Transaction<'_>,
    room: &mut Room,
    apply: impl FnOnce(&mut Room),
) -> rusqlite::Result<()> {
    let ours = room.extensions.clone();
    apply(room);
    (room.extensions, room.unnoted) =
        heard(ours.as_deref(), room.unnoted, room.extensions.as_deref());
    // So is whether we want to be in it.
    if !wish::said(tx, &room.address, room.autojoin)? {
        room.autojoin = !room.autojoin;
        room.unnoted = true;
    }
    rooms::put(tx, room)?;
    let now = read(room.extensions.as_deref());
    hold(tx, &room.address, read(ours.as_deref()), now)
}

/// Another device has said something of a conversation between two; whether that
/// changed anything.
pub(super) fn take_item(
    tx: &Transaction<'_>,
    conversation: &str,
    theirs: Option<&str>,
) -> rusqlite::Result<bool> {
    if rooms::is_there(tx, conversation)? {
        return Ok(false);
    }
    let before = noted::get(tx, conversation)?;
    let (extensions, unnoted) = heard(before.extensions.as_deref(), before.unnoted, theirs);
    let after = Noted {
        extensions,
        unnoted,
    };
    if after == before {
        return Ok(false);
    }
    noted::put(tx, conversation, &after)?;
    let (was, is) = (
        read(before.extensions.as_deref()),
        read(after.extensions.as_deref()),
    );
    conversations::expect(tx, conversation)?;
    if is.pinned && !was.pinned {
        conversations::show(tx, conversation)?;
    }
    hold(tx, conversation, was, is)?;
    Ok(was != is)
}

/// The user decided about a conversation: where that has to be noted.
pub(super) fn decided(
    tx: &Transaction<'_>,
    conversation: &str,
    change: impl Fn(&mut Decided),
) -> rusqlite::Result<ToNote> {
    let changed = |extensions: Option<&str>| {
        let mut decided = read(extensions);
        change(&mut decided);
        write(extensions, decided)
    };
    let room = rooms::update(tx, conversation, |room| {
        let extensions = changed(room.extensions.as_deref());
        room.unnoted |= extensions != room.extensions;
        room.extensions = extensions;
    })?;
    if let Some(room) = room {
        return Ok(match room.unnoted && room.bookmarked {
            true => ToNote::Bookmark,
            false => ToNote::Nowhere,
        });
    }
    // Whoever has a nickname in a room today is not who has it tomorrow.
    if rooms::of_private(conversation).is_some() {
        return Ok(ToNote::Nowhere);
    }
    let before = noted::get(tx, conversation)?;
    let extensions = changed(before.extensions.as_deref());
    if extensions == before.extensions {
        return Ok(ToNote::Nowhere);
    }
    let after = Noted {
        extensions,
        unnoted: true,
    };
    noted::put(tx, conversation, &after)?;
    Ok(ToNote::Node)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn extensions(inner: &str) -> String {
        format!("<extensions xmlns='urn:xmpp:bookmarks:1'>{inner}</extensions>")
    }

    fn notify(inner: &str) -> String {
        extensions(&format!(
            "<notify xmlns='urn:xmpp:notification-settings:1'>{inner}</notify>"
        ))
    }

    fn level_of(extensions: Option<&str>) -> Notify {
        read(extensions).notify
    }

    fn with_level(extensions: Option<&str>, notify: Notify) -> Option<String> {
        let decided = Decided {
            notify,
            ..read(extensions)
        };
        write(extensions, decided)
    }

    #[test]
    fn what_is_pinned_stands_beside_all_others() {
        let pinned = Decided {
            notify: Notify::Usual,
            pinned: true,
        };
        let after = write(None, pinned).unwrap();
        assert_eq!(read(Some(&after)), pinned);
        let both = with_level(Some(&after), Notify::None).unwrap();
        assert!(read(Some(&both)).pinned);
        let one = write(
            Some(&both),
            Decided {
                notify: Notify::None,
                pinned: false,
            },
        );
        assert!(!read(one.as_deref()).pinned);
        assert_eq!(level_of(one.as_deref()), Notify::None);
    }

    /// What was decided here is newer than what comes from elsewhere, until the server
    /// has said it to all.
    #[test]
    fn what_crosses_what_was_decided_here() {
        let (never, always) = (notify("<never/>"), notify("<always/>"));
        assert_eq!(
            heard(None, false, Some(&never)),
            (Some(never.clone()), false)
        );
        let (kept, unnoted) = heard(Some(&always), true, Some(&never));
        assert_eq!((level_of(kept.as_deref()), unnoted), (Notify::All, true));
        // Ours came back; then somebody else's.
        let (kept, unnoted) = heard(kept.as_deref(), true, Some(&always));
        assert_eq!((level_of(kept.as_deref()), unnoted), (Notify::All, false));
        let (kept, _) = heard(kept.as_deref(), false, Some(&never));
        assert_eq!(level_of(kept.as_deref()), Notify::None);
    }

    #[test]
    fn the_setting_most_special_to_us_counts() {
        for (inner, level) in [
            ("", Notify::Usual),
            ("<always/>", Notify::All),
            ("<always/><never identity-category='client'/>", Notify::None),
            (
                "<never identity-category='client'/>\
                 <on-mention identity-category='client' identity-type='pc'/><always/>",
                Notify::Mentions,
            ),
            (
                "<never identity-category='client' identity-type='phone'/>\
                 <never identity-category='gateway'/><always/>",
                Notify::All,
            ),
            ("<never xmlns='urn:other'/>", Notify::Usual),
        ] {
            assert_eq!(level_of(Some(&notify(inner))), level, "{inner}");
        }
        assert_eq!(level_of(None), Notify::Usual);
        assert_eq!(level_of(Some("no XML")), Notify::Usual);
    }

    #[test]
    fn what_others_wrote_stays() {
        let before = notify(
            "<never identity-category='client' identity-type='phone'/>\
             <always><advanced><fine xmlns='urn:other'/></advanced></always>",
        )
        .replace("</extensions>", "<x xmlns='urn:other' a='b'/></extensions>");
        let after = with_level(Some(&before), Notify::None).unwrap();
        assert_eq!(level_of(Some(&after)), Notify::None);
        let extensions = element::parse(after.as_bytes()).unwrap();
        assert!(extensions.has_child("x", "urn:other"));
        let settings = settings_of(&extensions);
        assert_eq!(settings.len(), 2);
        assert_eq!(settings[0].attr("identity-type"), Some("phone"));
        assert!(settings[1].has_child("advanced", ns::NOTIFICATION_SETTINGS));
        // The same again changes nothing.
        assert_eq!(
            with_level(Some(&after), Notify::None).as_deref(),
            Some(after.as_str())
        );
    }

    #[test]
    fn a_first_setting_and_none_any_more() {
        let after = with_level(None, Notify::Mentions).unwrap();
        assert_eq!(level_of(Some(&after)), Notify::Mentions);
        assert_eq!(with_level(Some(&after), Notify::Usual), None);
        // One for us alone gets one for all others beside it.
        let ours = notify("<always identity-category='client' identity-type='pc'/>");
        let after = with_level(Some(&ours), Notify::None).unwrap();
        let settings = settings_of(&element::parse(after.as_bytes()).unwrap());
        assert_eq!(settings.len(), 2);
        assert!(settings.iter().all(|setting| setting.name() == "never"));
    }
}
