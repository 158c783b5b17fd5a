//! The quick find over names of conversations, contacts and rooms.
//!
//! A name is found by its letters and characters, by the sounds of its Chinese
//! characters (pinyin without tones, every reading of a character) and by
//! initials: `张三` by `张`, `zhang san`, `zhangs`, `zs`; `Li Na` by `na` and `ln`.
//! What fits better comes first, and of those that fit equally well the one that
//! was talked to last.

use std::cmp::Reverse;
use std::ops::Range;

use pinyin::ToPinyinMulti;

use super::fold::{Kind, fold};

/// Longest query, in characters.
const MAX_QUERY_CHARS: usize = 64;
/// Of a longer name only so many words are looked at.
const MAX_UNITS: usize = 64;

/// How a name was found, the best first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) enum Fit {
    /// All of it.
    Whole,
    /// It begins so.
    Beginning,
    /// A word of it begins so.
    Word,
    /// It sounds so from its beginning.
    Sound,
    /// Its initials from the beginning.
    Initials,
    /// It is somewhere within.
    Inside,
    /// It sounds so somewhere within.
    SoundInside,
    /// Initials somewhere within.
    InitialsInside,
    /// Not the name, but another thing it is known by.
    Other,
}

/// Something with a name.
#[derive(Debug, Clone)]
pub(crate) struct Named<'a> {
    pub(crate) name: &'a str,
    /// What else it may be found by, such as its address.
    pub(crate) also: &'a str,
    /// Larger is better where names fit equally well.
    pub(crate) recency: i64,
}

/// A name that was found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Found {
    /// Index in what was searched.
    pub(crate) index: usize,
    pub(crate) fit: Fit,
    /// What fits, in UTF-16 code units of the name.
    pub(crate) highlights: Vec<Range<u32>>,
}

/// Finds names, the best first. Nothing typed finds everything, in the order of
/// recency.
pub(crate) fn find<'a>(
    typed: &str,
    among: impl IntoIterator<Item = Named<'a>>,
    limit: usize,
) -> Vec<Found> {
    let typed: String = typed.chars().take(MAX_QUERY_CHARS).collect();
    let wanted = Wanted::new(&typed);
    let mut found: Vec<(Fit, Reverse<i64>, &str, Found)> = among
        .into_iter()
        .enumerate()
        .filter_map(|(index, named)| {
            let (fit, highlights) = wanted.fit(&named)?;
            let found = Found {
                index,
                fit,
                highlights,
            };
            Some((fit, Reverse(named.recency), named.name, found))
        })
        .collect();
    found.sort_by(|one, other| (one.0, one.1, one.2).cmp(&(other.0, other.1, other.2)));
    found.truncate(limit);
    found.into_iter().map(|(.., found)| found).collect()
}

/// What was typed: its words, and all of them together.
struct Wanted {
    words: Vec<Vec<char>>,
    whole: Vec<char>,
    /// Without words: the text itself.
    nothing: bool,
}

impl Wanted {
    fn new(typed: &str) -> Self {
        let words: Vec<Vec<char>> = typed
            .split_whitespace()
            .map(|word| {
                let folded = fold(word);
                folded.words().flat_map(|(_, word)| word.chars()).collect()
            })
            .filter(|word: &Vec<char>| !word.is_empty())
            .collect();
        Self {
            whole: words.concat(),
            nothing: typed.trim().is_empty(),
            words,
        }
    }

    fn fit(&self, named: &Named<'_>) -> Option<(Fit, Vec<Range<u32>>)> {
        if self.nothing {
            return Some((Fit::Whole, Vec::new()));
        }
        if self.words.is_empty() {
            return None;
        }
        let name = Name::new(named.name);
        let whole = name.fit(&self.whole);
        // Otherwise each word somewhere; the worst of them counts.
        let apart = || {
            let mut worst = Fit::Whole;
            let mut highlights = Vec::new();
            for word in &self.words {
                let (fit, places) = name.fit(word)?;
                worst = worst.max(fit.min(Fit::InitialsInside).max(Fit::Word));
                highlights.extend(places);
            }
            Some((worst, highlights))
        };
        let also = || {
            let also: Vec<char> = fold(named.also)
                .words()
                .flat_map(|(_, word)| word.chars())
                .collect();
            also.windows(self.whole.len())
                .any(|run| run == self.whole)
                .then(|| (Fit::Other, Vec::new()))
        };
        let (fit, mut highlights) = whole.or_else(apart).or_else(also)?;
        highlights.sort_unstable_by_key(|place| (place.start, place.end));
        highlights.dedup_by(|next, before| {
            let touches = next.start <= before.end;
            if touches {
                before.end = before.end.max(next.end);
            }
            touches
        });
        Some((fit, highlights))
    }
}

/// A name, unit by unit.
struct Name {
    units: Vec<Unit>,
}

/// A word, or a character of a script without spaces.
struct Unit {
    text: Vec<char>,
    sounds: Vec<Vec<char>>,
    place: Range<u32>,
    begins_word: bool,
}

/// What may be used to make it fit.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Means {
    Letters,
    Sounds,
    Initials,
}

impl Name {
    fn new(name: &str) -> Self {
        let folded = fold(name);
        let mut before = None;
        let units = folded
            .words()
            .take(MAX_UNITS)
            .map(|(token, word)| {
                let begins_word = !token.joined || before != Some(token.kind);
                before = Some(token.kind);
                Unit {
                    text: word.chars().collect(),
                    sounds: if token.kind == Kind::Apart {
                        sounds(word)
                    } else {
                        Vec::new()
                    },
                    place: token.place.clone(),
                    begins_word,
                }
            })
            .collect();
        Self { units }
    }

    fn fit(&self, wanted: &[char]) -> Option<(Fit, Vec<Range<u32>>)> {
        let by = |means, fits: &dyn Fn(usize, bool) -> Fit| {
            let starts = (0..self.units.len()).filter_map(|start| {
                let mut places = Vec::new();
                let end = self.follow(start, wanted, means, &mut places)?;
                Some((fits(start, end == self.units.len()), places))
            });
            starts.min_by_key(|(fit, _)| *fit)
        };
        let begins_word = |start: usize| self.units.get(start).is_some_and(|unit| unit.begins_word);
        let letters = by(Means::Letters, &|start, to_end| match start {
            0 if to_end && self.length() == wanted.len() => Fit::Whole,
            0 => Fit::Beginning,
            start if begins_word(start) => Fit::Word,
            _ => Fit::Inside,
        });
        if letters.as_ref().is_some_and(|(fit, _)| *fit < Fit::Inside) {
            return letters;
        }
        let inside = letters.or_else(|| self.inside(wanted));
        let sounds = by(Means::Sounds, &|start, _| {
            if start == 0 {
                Fit::Sound
            } else {
                Fit::SoundInside
            }
        });
        let initials = by(Means::Initials, &|start, _| {
            if start == 0 {
                Fit::Initials
            } else {
                Fit::InitialsInside
            }
        });
        [inside, sounds, initials]
            .into_iter()
            .flatten()
            .min_by_key(|(fit, _)| *fit)
    }

    fn length(&self) -> usize {
        self.units.iter().map(|unit| unit.text.len()).sum()
    }

    /// From within a word on.
    fn inside(&self, wanted: &[char]) -> Option<(Fit, Vec<Range<u32>>)> {
        let letters: Vec<(&Unit, usize, char)> = self
            .units
            .iter()
            .flat_map(|unit| {
                unit.text
                    .iter()
                    .enumerate()
                    .map(move |(at, c)| (unit, at, *c))
            })
            .collect();
        let run = letters
            .windows(wanted.len())
            .find(|run| run.iter().map(|(.., c)| c).eq(wanted))?;
        let places = run.iter().map(|(unit, at, _)| unit.part(*at, 1)).collect();
        Some((Fit::Inside, places))
    }

    /// Follows what is wanted from a unit on, to behind the last unit that was
    /// needed. Tries the longest pieces first, so that most is explained by what
    /// is there; what failed once is not tried again.
    fn follow(
        &self,
        start: usize,
        wanted: &[char],
        means: Means,
        places: &mut Vec<Range<u32>>,
    ) -> Option<usize> {
        let mut failed = vec![false; (self.units.len() + 1) * (wanted.len() + 1)];
        self.step(start, 0, wanted, means, &mut failed, places)
    }

    fn step(
        &self,
        unit: usize,
        at: usize,
        wanted: &[char],
        means: Means,
        failed: &mut [bool],
        places: &mut Vec<Range<u32>>,
    ) -> Option<usize> {
        let rest = wanted.get(at..)?;
        if rest.is_empty() {
            return Some(unit);
        }
        let place = unit * (wanted.len() + 1) + at;
        if failed.get(place).copied().unwrap_or(true) {
            return None;
        }
        let here = self.units.get(unit)?;
        for length in here.lengths(rest, means) {
            let end = self.step(unit + 1, at + length, wanted, means, failed, places);
            if end.is_some() {
                places.push(here.part(0, length));
                return end;
            }
        }
        if let Some(failed) = failed.get_mut(place) {
            *failed = true;
        }
        None
    }
}

impl Unit {
    /// How much of what is wanted this unit may be, the most first.
    fn lengths(&self, wanted: &[char], means: Means) -> Vec<usize> {
        let mut lengths = Vec::new();
        let readings = std::iter::once((&self.text, Means::Letters))
            .chain(self.sounds.iter().map(|sound| (sound, Means::Sounds)));
        for (reading, needs) in readings.filter(|(_, needs)| *needs <= means) {
            let same = reading
                .iter()
                .zip(wanted)
                .take_while(|(one, other)| one == other)
                .count();
            // All of it, or all that is left to find.
            if same > 0 && (same == reading.len() || same == wanted.len()) {
                lengths.push(same);
            }
            if means == Means::Initials && same > 0 {
                lengths.push(1);
                let is_double = matches!(reading.get(..2), Some(['z' | 'c' | 's', 'h']));
                if same > 1 && is_double && needs == Means::Sounds {
                    lengths.push(2);
                }
            }
        }
        lengths.sort_unstable_by(|one, other| other.cmp(one));
        lengths.dedup();
        lengths
    }

    /// The place of a part of it. A character that was found by its sound, or a
    /// word whose letters are not as many as its code units, is marked whole.
    fn part(&self, from: usize, length: usize) -> Range<u32> {
        let units = (self.place.end - self.place.start) as usize;
        if !self.sounds.is_empty() || units != self.text.len() {
            return self.place.clone();
        }
        let from = from.min(units);
        let to = (from + length).min(units);
        let at = |offset: usize| self.place.start + u32::try_from(offset).unwrap_or_default();
        at(from)..at(to)
    }
}

/// All readings of a character, as they are typed.
fn sounds(character: &str) -> Vec<Vec<char>> {
    let mut chars = character.chars();
    let (Some(c), None) = (chars.next(), chars.next()) else {
        return Vec::new();
    };
    let mut sounds: Vec<Vec<char>> = Vec::new();
    for reading in c.to_pinyin_multi().into_iter().flatten() {
        // ü is typed as v, or as u.
        for u in ['v', 'u'] {
            let sound = reading
                .plain()
                .chars()
                .map(|c| if c == 'ü' { u } else { c });
            let sound: Vec<char> = sound.filter(char::is_ascii_alphabetic).collect();
            if !sound.is_empty() && !sounds.contains(&sound) {
                sounds.push(sound);
            }
        }
    }
    sounds
}

#[cfg(test)]
mod tests {
    use proptest::prelude::{prop_assert, proptest};

    use super::*;

    fn fit(typed: &str, name: &str) -> Option<Fit> {
        let named = Named {
            name,
            also: "",
            recency: 0,
        };
        find(typed, [named], 1).pop().map(|found| found.fit)
    }

    fn marked(typed: &str, name: &str) -> String {
        let named = Named {
            name,
            also: "",
            recency: 0,
        };
        let units: Vec<u16> = name.encode_utf16().collect();
        let piece = |place: &Range<u32>| {
            String::from_utf16(&units[place.start as usize..place.end as usize]).unwrap()
        };
        let found = find(typed, [named], 1).remove(0);
        let pieces: Vec<String> = found.highlights.iter().map(piece).collect();
        pieces.join("|")
    }

    #[test]
    fn sounds_and_initials() {
        assert_eq!(fit("张三", "张三"), Some(Fit::Whole));
        assert_eq!(fit("张", "张三"), Some(Fit::Beginning));
        for typed in ["zhang", "zhangs", "zhang san", "Zhangsan", "zh", "z"] {
            assert_eq!(fit(typed, "张三"), Some(Fit::Sound), "{typed}");
        }
        for typed in ["zs", "zhs", "zsan", "张s"] {
            let wanted = if typed == "张s" {
                Fit::Sound
            } else {
                Fit::Initials
            };
            assert_eq!(fit(typed, "张三"), Some(wanted), "{typed}");
        }
        assert_eq!(fit("三", "张三"), Some(Fit::Inside));
        assert_eq!(fit("san", "张三"), Some(Fit::SoundInside));
        assert_eq!(fit("xm", "王小明"), Some(Fit::InitialsInside));
        assert_eq!(fit("zhx", "张三"), None);
        // Other readings, and what stands for ü.
        assert_eq!(fit("chongqing", "重庆办公室"), Some(Fit::Sound));
        assert_eq!(fit("cqb", "重庆办公室"), Some(Fit::Initials));
        assert_eq!(fit("zeng", "曾国藩"), Some(Fit::Sound));
        assert_eq!(fit("shan", "单雄信"), Some(Fit::Sound));
        assert_eq!(fit("lvx", "吕熙"), Some(Fit::Sound));
        assert_eq!(fit("lux", "吕熙"), Some(Fit::Sound));
        assert_eq!(fit("xian", "西安"), Some(Fit::Sound));
        assert_eq!(fit("xa", "西安"), Some(Fit::Initials));
    }

    #[test]
    fn letters() {
        assert_eq!(fit("li na", "Li Na"), Some(Fit::Whole));
        assert_eq!(fit("lina", "Li Na"), Some(Fit::Whole));
        assert_eq!(fit("LI N", "Li Na"), Some(Fit::Beginning));
        assert_eq!(fit("na", "Li Na"), Some(Fit::Word));
        assert_eq!(fit("na li", "Li Na"), Some(Fit::Word));
        assert_eq!(fit("ln", "Li Na"), Some(Fit::Initials));
        assert_eq!(fit("oph", "Sophie"), Some(Fit::Inside));
        assert_eq!(fit("jose", "José"), Some(Fit::Whole));
        assert_eq!(fit("销售", "2024销售部"), Some(Fit::Word));
        assert_eq!(fit("售部", "2024销售部"), Some(Fit::Inside));
        assert_eq!(fit("たな", "たなか"), Some(Fit::Beginning));
        assert_eq!(fit("김", "김철수"), Some(Fit::Beginning));
        assert_eq!(fit("", "anything"), Some(Fit::Whole));
        assert_eq!(fit("?", "anything"), None);
        assert_eq!(fit("🚀", "🚀 Launch"), Some(Fit::Beginning));
    }

    #[test]
    fn what_fits_is_marked() {
        assert_eq!(marked("zs", "张三丰"), "张三");
        assert_eq!(marked("ln", "Li Na"), "L|N");
        assert_eq!(marked("na li", "Li Na"), "Li|Na");
        assert_eq!(marked("oph", "😀 Sophie"), "oph");
        assert_eq!(marked("xming", "王小明"), "小明");
    }

    #[test]
    fn the_best_then_the_latest() {
        let names = [
            ("Marlene", "", 9), // Inside: arl
            ("张阿然", "", 8),
            ("Arlo", "", 1),
            ("Arla", "", 5),
            ("Mia Arlt", "", 7),
            ("Bob", "arl@example.org", 99),
            ("Nobody", "", 99),
        ];
        let among = names.iter().map(|(name, also, recency)| Named {
            name,
            also,
            recency: *recency,
        });
        let found: Vec<&str> = find("arl", among, 10)
            .iter()
            .map(|found| names[found.index].0)
            .collect();
        assert_eq!(found, ["Arla", "Arlo", "Mia Arlt", "Marlene", "Bob"]);
        let among = names.iter().map(|(name, also, recency)| Named {
            name,
            also,
            recency: *recency,
        });
        let all: Vec<usize> = find(" ", among, 3)
            .iter()
            .map(|found| found.index)
            .collect();
        assert_eq!(all, [5, 6, 0]);
    }

    #[test]
    fn hostile_names_take_no_time() {
        let name = "长".repeat(5_000);
        let typed = format!("{}x", "ch".repeat(31));
        assert_eq!(fit(&typed, &name), None);
    }

    proptest! {
        #[test]
        fn a_name_is_found_by_its_pieces(name in "[一-龥a-zA-Z 가-각ぁ-ん]{1,12}", from in 0_usize..12, length in 1_usize..6, typed in "\\PC{0,10}") {
            let piece: String = name.chars().skip(from).take(length).collect();
            let joined = piece.split_whitespace().count() <= 1;
            if !piece.trim().is_empty() && joined {
                prop_assert!(fit(&piece, &name).is_some(), "{piece:?} in {name:?}");
            }
            let units = name.encode_utf16().count();
            for found in find(&typed, [Named { name: &name, also: "", recency: 0 }], 1) {
                for place in found.highlights {
                    prop_assert!(place.start < place.end && place.end as usize <= units);
                }
            }
        }
    }
}
