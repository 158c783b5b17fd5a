//! The number that tray, task bar and dock show, and the dot on the icon.

use engine::api::{ConversationView, NotifyLevel};

/// How many messages wait, as the rows of the list show it: a row that is muted
/// or put away shows no number, so it is not counted either.
pub(crate) fn count<'a>(rows: impl IntoIterator<Item = &'a ConversationView>) -> u32 {
    rows.into_iter()
        .filter(|row| shows_number(row))
        .map(|row| row.unread)
        .fold(0, u32::saturating_add)
}

/// Whether the row shows a number.
pub(crate) fn shows_number(row: &ConversationView) -> bool {
    row.unread > 0 && row.notify != NotifyLevel::None && !row.archived
}

/// Past this, "99+".
pub(crate) fn text(count: u32) -> String {
    if count > 99 {
        "99+".to_owned()
    } else {
        count.to_string()
    }
}

/// The icon with a red dot in its lower right corner: RGBA, row by row.
pub(crate) fn with_dot(rgba: &[u8], width: u32, height: u32) -> Vec<u8> {
    const RED: [u8; 3] = [0xD9, 0x2D, 0x20];
    const WHITE: [u8; 3] = [0xFF; 3];
    let radius = f64::from(width.min(height)) * 0.26;
    let ring = radius * 1.28;
    let (x0, y0) = (f64::from(width) - ring, f64::from(height) - ring);
    let mut out = rgba.to_vec();
    for (place, pixel) in (0_u32..).zip(out.chunks_exact_mut(4)) {
        let (x, y) = (place % width.max(1), place / width.max(1));
        let distance = (f64::from(x) + 0.5 - x0).hypot(f64::from(y) + 0.5 - y0);
        for (edge, colour) in [(ring, WHITE), (radius, RED)] {
            // One pixel of soft edge.
            let share = (edge - distance + 0.5).clamp(0.0, 1.0);
            if share > 0.0 {
                blend(pixel, colour, share);
            }
        }
    }
    out
}

/// Lays a colour over a pixel, as much as `share` (0 to 1) says.
fn blend(pixel: &mut [u8], colour: [u8; 3], share: f64) {
    let mix = |under: u8, over: u8| {
        let mixed = f64::from(under) * (1.0 - share) + f64::from(over) * share;
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "between 0 and 255"
        )]
        let byte = mixed.round().clamp(0.0, 255.0) as u8;
        byte
    };
    let over = colour.into_iter().chain([0xFF]);
    for (under, over) in pixel.iter_mut().zip(over) {
        *under = mix(*under, over);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use engine::api::{ConversationKind, PresenceShow};

    fn row(unread: u32, notify: NotifyLevel, archived: bool) -> ConversationView {
        ConversationView {
            id: "x@y".to_owned(),
            kind: ConversationKind::Direct,
            name: "X".to_owned(),
            presence: PresenceShow::Offline,
            preview: String::new(),
            preview_media: None,
            preview_is_mine: false,
            preview_author: String::new(),
            last_activity_ms: None,
            last_state: None,
            unread,
            unread_mentions: 0,
            marked_unread: false,
            notify,
            muted_until_ms: None,
            pinned: false,
            archived,
            draft: String::new(),
            in_room: None,
            avatar: None,
            typing: false,
        }
    }

    #[test]
    fn u82_the_badge_is_the_sum_of_the_rows_that_show_a_number() {
        let rows = [
            row(3, NotifyLevel::All, false),
            row(0, NotifyLevel::All, false),
            row(4, NotifyLevel::Mentions, false),
            row(50, NotifyLevel::None, false),
            row(60, NotifyLevel::All, true),
        ];
        assert_eq!(count(&rows), 7);
        assert_eq!(count([]), 0);
        let huge = [
            row(u32::MAX, NotifyLevel::All, false),
            row(1, NotifyLevel::All, false),
        ];
        assert_eq!(count(&huge), u32::MAX);
        assert_eq!(
            (text(7), text(99), text(100)),
            ("7".into(), "99".into(), "99+".into())
        );
    }

    #[test]
    fn u82_the_dot_is_in_the_corner_and_nowhere_else() {
        let blue = [0_u8, 0, 255, 255].repeat(32 * 32);
        let dotted = with_dot(&blue, 32, 32);
        let at = |x: usize, y: usize| dotted[(y * 32 + x) * 4..][..4].to_vec();
        assert_eq!(at(2, 2), [0, 0, 255, 255]);
        assert_eq!(at(21, 21), [0xD9, 0x2D, 0x20, 255]);
        assert_eq!(dotted.len(), blue.len());
        assert_eq!(with_dot(&[], 0, 0), Vec::<u8>::new());
    }
}
