//! Of what the user wants to be told in a room, in step over all devices: it stands
//! in the bookmark of the room (XEP-0492). A silence that ends by itself is a matter
//! of this device: there is no word for it.

use rusqlite::Transaction;
use xmpp_core::element::{self, build};
use xmpp_core::{Element, ns};

use crate::store::conversations::{self, Notify, Quiet};
use crate::store::rooms::{self, Room};

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

/// What the extensions of a bookmark say.
pub(super) fn read(extensions: Option<&str>) -> Notify {
    parsed(extensions)
        .and_then(|extensions| chosen(&settings_of(&extensions)))
        .map_or(Notify::Usual, |(_, setting)| setting.level)
}

/// The extensions of a bookmark that say so; what others have put there stays, with
/// what is finer than what we know (section 3).
pub(super) fn write(extensions: Option<&str>, level: Notify) -> Option<String> {
    let before = parsed(extensions);
    let mut settings = before.as_ref().map(settings_of).unwrap_or_default();
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
    let others = before.iter().flat_map(Element::children);
    let others = others.filter(|child| !child.is("notify", ns::NOTIFICATION_SETTINGS));
    let notify = (!settings.is_empty())
        .then(|| build("notify", ns::NOTIFICATION_SETTINGS).children(settings));
    let after = build("extensions", ns::BOOKMARKS)
        .children(others.cloned())
        .children(notify)
        .done();
    after
        .children()
        .next()
        .is_some()
        .then(|| element::write(&after).ok())
        .flatten()
}

/// A bookmark says something new of a room: takes that over, and of what the user
/// wants to be told if that is new too. What was decided here and is not noted yet
/// is newer.
pub(super) fn take(
    tx: &Transaction<'_>,
    room: &mut Room,
    apply: impl FnOnce(&mut Room),
) -> rusqlite::Result<()> {
    let before = read(room.extensions.as_deref());
    apply(room);
    if room.unnoted {
        room.extensions = write(room.extensions.as_deref(), before);
        return rooms::put(tx, room);
    }
    rooms::put(tx, room)?;
    let notify = read(room.extensions.as_deref());
    if notify != before {
        let quiet = Quiet {
            notify,
            until_ms: None,
        };
        conversations::set_notify(tx, &room.address, quiet)?;
    }
    Ok(())
}

/// The user decided about a conversation: whether it is a room whose bookmark has to
/// say so.
pub(in crate::account) fn decided(
    tx: &Transaction<'_>,
    conversation: &str,
    quiet: Quiet,
) -> rusqlite::Result<bool> {
    if quiet.until_ms.is_some() {
        return Ok(false);
    }
    let room = rooms::update(tx, conversation, |room| {
        let extensions = write(room.extensions.as_deref(), quiet.notify);
        room.unnoted |= extensions != room.extensions;
        room.extensions = extensions;
    })?;
    Ok(room.is_some_and(|room| room.unnoted && room.bookmarked))
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
            assert_eq!(read(Some(&notify(inner))), level, "{inner}");
        }
        assert_eq!(read(None), Notify::Usual);
        assert_eq!(read(Some("no XML")), Notify::Usual);
    }

    #[test]
    fn what_others_wrote_stays() {
        let before = notify(
            "<never identity-category='client' identity-type='phone'/>\
             <always><advanced><fine xmlns='urn:other'/></advanced></always>",
        )
        .replace("</extensions>", "<x xmlns='urn:other' a='b'/></extensions>");
        let after = write(Some(&before), Notify::None).unwrap();
        assert_eq!(read(Some(&after)), Notify::None);
        let extensions = element::parse(after.as_bytes()).unwrap();
        assert!(extensions.has_child("x", "urn:other"));
        let settings = settings_of(&extensions);
        assert_eq!(settings.len(), 2);
        assert_eq!(settings[0].attr("identity-type"), Some("phone"));
        assert!(settings[1].has_child("advanced", ns::NOTIFICATION_SETTINGS));
        // The same again changes nothing.
        assert_eq!(
            write(Some(&after), Notify::None).as_deref(),
            Some(after.as_str())
        );
    }

    #[test]
    fn a_first_setting_and_none_any_more() {
        let after = write(None, Notify::Mentions).unwrap();
        assert_eq!(read(Some(&after)), Notify::Mentions);
        assert_eq!(write(Some(&after), Notify::Usual), None);
        // One for us alone gets one for all others beside it.
        let ours = notify("<always identity-category='client' identity-type='pc'/>");
        let after = write(Some(&ours), Notify::None).unwrap();
        let settings = settings_of(&element::parse(after.as_bytes()).unwrap());
        assert_eq!(settings.len(), 2);
        assert!(settings.iter().all(|setting| setting.name() == "never"));
    }
}
