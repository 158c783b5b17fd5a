//! Width and height of a picture, as it is shown, from how its file begins. A row
//! has its height before the picture is there.

/// How a picture of JPEG is turned is said in its first part (Exif).
const LONGEST_EXIF: usize = 64 * 1024;

/// Width and height in pixels; `None` if that is not said in this much of it.
pub(crate) fn dimensions(head: &[u8]) -> Option<(u32, u32)> {
    let found = png(head)
        .or_else(|| gif(head))
        .or_else(|| webp(head))
        .or_else(|| jpeg(head))?;
    (found.0 > 0 && found.1 > 0).then_some(found)
}

fn bytes<const N: usize>(head: &[u8], at: usize) -> Option<[u8; N]> {
    head.get(at..)?.first_chunk().copied()
}

/// W3C PNG, section 11.2.2.
fn png(head: &[u8]) -> Option<(u32, u32)> {
    head.starts_with(b"\x89PNG\r\n\x1a\n").then_some(())?;
    Some((
        u32::from_be_bytes(bytes(head, 16)?),
        u32::from_be_bytes(bytes(head, 20)?),
    ))
}

fn gif(head: &[u8]) -> Option<(u32, u32)> {
    (head.starts_with(b"GIF87a") || head.starts_with(b"GIF89a")).then_some(())?;
    Some((
        u16::from_le_bytes(bytes(head, 6)?).into(),
        u16::from_le_bytes(bytes(head, 8)?).into(),
    ))
}

/// RFC 9649.
fn webp(head: &[u8]) -> Option<(u32, u32)> {
    (head.starts_with(b"RIFF") && head.get(8..12)? == b"WEBP").then_some(())?;
    let low = |at| {
        let [one, two, three] = bytes(head, at)?;
        Some(u32::from_le_bytes([one, two, three, 0]))
    };
    match head.get(12..16)? {
        b"VP8X" => Some((low(24)? + 1, low(27)? + 1)),
        b"VP8L" => {
            let bits = u32::from_le_bytes(bytes(head, 21)?);
            Some(((bits & 0x3fff) + 1, (bits >> 14 & 0x3fff) + 1))
        }
        b"VP8 " => {
            let side = |at| Some(u32::from(u16::from_le_bytes(bytes(head, at)?) & 0x3fff));
            Some((side(26)?, side(28)?))
        }
        _ => None,
    }
}

/// ITU-T T.81, annex B.
fn jpeg(head: &[u8]) -> Option<(u32, u32)> {
    head.starts_with(b"\xff\xd8").then_some(())?;
    let mut at = 2;
    let mut is_turned = false;
    loop {
        let [mark, kind] = bytes(head, at)?;
        if mark != 0xff {
            return None;
        }
        match kind {
            // Padding, and marks that stand alone.
            0xff => {
                at += 1;
                continue;
            }
            0x01 | 0xd0..=0xd8 => {
                at += 2;
                continue;
            }
            _ => {}
        }
        let length = usize::from(u16::from_be_bytes(bytes(head, at + 2)?));
        if length < 2 {
            return None;
        }
        match kind {
            0xc0..=0xc3 | 0xc5..=0xc7 | 0xc9..=0xcb | 0xcd..=0xcf => {
                let height = u16::from_be_bytes(bytes(head, at + 5)?).into();
                let width = u16::from_be_bytes(bytes(head, at + 7)?).into();
                return Some(if is_turned {
                    (height, width)
                } else {
                    (width, height)
                });
            }
            0xe1 => {
                let part = head.get(at + 4..at + 2 + length)?;
                is_turned |= orientation(part).is_some_and(|turn| (5..=8).contains(&turn));
            }
            // The picture itself begins.
            0xda => return None,
            _ => {}
        }
        at += 2 + length;
    }
}

/// Exif 2.3, section 4.6.4: how the picture is to be turned.
fn orientation(part: &[u8]) -> Option<u16> {
    let tiff = part.strip_prefix(b"Exif\0\0")?;
    let tiff = tiff.get(..tiff.len().min(LONGEST_EXIF))?;
    let is_little = match bytes::<2>(tiff, 0)?.as_slice() {
        b"II" => true,
        b"MM" => false,
        _ => return None,
    };
    let short = |at| {
        let two = bytes(tiff, at)?;
        Some(if is_little {
            u16::from_le_bytes(two)
        } else {
            u16::from_be_bytes(two)
        })
    };
    let four = bytes(tiff, 4)?;
    let first = if is_little {
        u32::from_le_bytes(four)
    } else {
        u32::from_be_bytes(four)
    };
    let first = usize::try_from(first).ok()?;
    let entries = usize::from(short(first)?);
    (0..entries.min(100))
        .map(|entry| first + 2 + entry * 12)
        .find(|entry| short(*entry) == Some(0x0112))
        .and_then(|entry| short(entry + 8))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A JPEG of 3 by 2, turned as the number says.
    fn photo(turn: u8) -> Vec<u8> {
        let exif = [
            b"Exif\0\0MM\0\x2a\0\0\0\x08\0\x01\x01\x12\0\x03\0\0\0\x01\0".as_slice(),
            &[turn, 0, 0],
        ]
        .concat();
        let length = u8::try_from(exif.len() + 2).unwrap();
        [
            b"\xff\xd8\xff\xe1\0".as_slice(),
            &[length],
            &exif,
            b"\xff\xc0\0\x11\x08\0\x02\0\x03\x03",
        ]
        .concat()
    }

    #[test]
    fn pictures_of_all_kinds() {
        let png = b"\x89PNG\r\n\x1a\n\0\0\0\x0dIHDR\0\0\x01\0\0\0\0\x10";
        assert_eq!(dimensions(png), Some((256, 16)));
        assert_eq!(dimensions(b"GIF89a\x02\0\x03\0"), Some((2, 3)));
        let webp = |rest: &[u8]| [b"RIFF\0\0\0\0WEBP".as_slice(), rest].concat();
        let extended = webp(b"VP8X\x0a\0\0\0\0\0\0\0\x01\0\0\x02\0\0");
        assert_eq!(dimensions(&extended), Some((2, 3)));
        let lossless = webp(b"VP8L\0\0\0\0\x2f\x01\x80\0\0");
        assert_eq!(dimensions(&lossless), Some((2, 3)));
        let lossy = webp(b"VP8 \0\0\0\0\0\0\0\x9d\x01\x2a\x02\0\x03\0");
        assert_eq!(dimensions(&lossy), Some((2, 3)));
        assert_eq!(dimensions(&photo(1)), Some((3, 2)));
        assert_eq!(dimensions(&photo(6)), Some((2, 3)));
    }

    #[test]
    fn whatever_is_cut_off_or_odd_says_nothing() {
        let photo = photo(6);
        for end in 0..photo.len() - 1 {
            assert_eq!(dimensions(&photo[..end]), None, "{end}");
        }
        for odd in [
            b"\xff\xd8\xff\xe1\0\0".as_slice(),
            b"<svg/>",
            b"\xff\xd8\0\0\0\0",
        ] {
            assert_eq!(dimensions(odd), None);
        }
    }

    proptest::proptest! {
        #[test]
        fn no_bytes_make_it_fail(start in 0..4usize, rest: Vec<u8>) {
            let starts = [b"\xff\xd8\xff\xe1".as_slice(), b"RIFF\0\0\0\0WEBPVP8L", b"GIF89a", b""];
            let found = dimensions(&[starts[start], &rest].concat());
            proptest::prop_assert!(found.is_none_or(|(width, height)| width > 0 && height > 0));
        }
    }
}
