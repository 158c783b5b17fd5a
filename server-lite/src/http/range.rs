//! Parts of a file (RFC 9110, section 14).

/// Which part of a file goes out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Part {
    Whole,
    /// From the first byte, so many.
    Range {
        first: u64,
        length: u64,
    },
    /// What was asked for begins beyond the end.
    Beyond,
}

/// Reads a `Range`. What is not understood is as if it were not there, and so
/// is more than one range: a server may send the whole.
pub(super) fn part(header: Option<&str>, size: u64) -> Part {
    let Some(range) = header.and_then(|text| text.trim().strip_prefix("bytes=")) else {
        return Part::Whole;
    };
    let Some((first, last)) = range.trim().split_once('-') else {
        return Part::Whole;
    };
    let (first, last) = match (number(first), number(last)) {
        (Some(Some(first)), Some(Some(last))) if first > last => return Part::Whole,
        (Some(Some(first)), Some(last)) => (first, last.unwrap_or(u64::MAX)),
        // The last so many bytes.
        (Some(None), Some(Some(0))) => return Part::Beyond,
        (Some(None), Some(Some(count))) => (size.saturating_sub(count), u64::MAX),
        _ => return Part::Whole,
    };
    if first >= size {
        return Part::Beyond;
    }
    let length = last.min(size - 1) - first + 1;
    Part::Range { first, length }
}

/// A number, `Some(None)` for nothing, `None` for something else.
fn number(text: &str) -> Option<Option<u64>> {
    if text.is_empty() {
        return Some(None);
    }
    let digits = text.bytes().all(|byte| byte.is_ascii_digit());
    // More than fits is more than any file has.
    digits.then(|| Some(text.parse().unwrap_or(u64::MAX)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranges() {
        let range = |first, length| Part::Range { first, length };
        for (header, expected) in [
            ("bytes=0-0", range(0, 1)),
            ("bytes=0-9", range(0, 10)),
            ("bytes=3-5", range(3, 3)),
            ("bytes=3-", range(3, 7)),
            ("bytes=-3", range(7, 3)),
            ("bytes=-30", range(0, 10)),
            ("bytes=9-100", range(9, 1)),
            ("bytes=0-99999999999999999999999", range(0, 10)),
            ("bytes=10-", Part::Beyond),
            ("bytes=99999999999999999999999-", Part::Beyond),
            ("bytes=-0", Part::Beyond),
            ("bytes=5-3", Part::Whole),
            ("bytes=-", Part::Whole),
            ("bytes=a-b", Part::Whole),
            ("bytes=+1-2", Part::Whole),
            ("bytes=0-1,3-4", Part::Whole),
            ("lines=0-1", Part::Whole),
            ("", Part::Whole),
        ] {
            assert_eq!(part(Some(header), 10), expected, "{header}");
        }
        assert_eq!(part(None, 10), Part::Whole);
    }
}
