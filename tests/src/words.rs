//! Messages as people write them, by the million: for benches of search. A few
//! words stand everywhere and most stand nearly nowhere (Zipf), in Chinese,
//! English and both mixed with digits. The same seed says the same.

/// Makes texts.
#[derive(Debug, Clone)]
pub struct Words {
    state: u64,
    chinese: Vec<String>,
    english: Vec<String>,
}

impl Words {
    /// With a vocabulary of 20,000 Chinese and 10,000 English words.
    #[must_use]
    pub fn new(seed: u64) -> Self {
        let mut words = Self {
            state: seed.max(1),
            chinese: Vec::new(),
            english: Vec::new(),
        };
        let characters: Vec<char> = ('\u{4e00}'..='\u{9fa5}').step_by(7).collect();
        for _ in 0..20_000 {
            let length = if words.below(3) == 0 { 1 } else { 2 };
            let word = (0..length).filter_map(|_| {
                let rank = words.rank(characters.len());
                characters.get(rank).copied()
            });
            let word = word.collect();
            words.chinese.push(word);
        }
        for number in 0..10_000 {
            // Those that are used most are short.
            let length = if number < 40 {
                1 + number / 12
            } else {
                3 + words.below(7)
            };
            let word =
                (0..length).map(|_| char::from(b'a' + u8::try_from(words.below(26)).unwrap_or(0)));
            let word = word.collect();
            words.english.push(word);
        }
        words
    }

    /// The next message, of 10 to 90 bytes.
    pub fn text(&mut self) -> String {
        match self.below(10) {
            0..=5 => {
                let count = 4 + self.below(9);
                let mut text = String::new();
                for number in 0..count {
                    text += &self.a_chinese();
                    if number == count / 2 {
                        text.push('，');
                    }
                }
                text
            }
            6 | 7 => {
                let count = 4 + self.below(8);
                let words: Vec<String> = (0..count).map(|_| self.an_english()).collect();
                words.join(" ")
            }
            _ => {
                let (before, after) = (self.a_chinese(), self.a_chinese());
                format!("{before}{}{after} {}", self.below(3000), self.an_english())
            }
        }
    }

    /// What to search for, with what it shows: the most frequent words, rare ones,
    /// several at once, phrases, beginnings, digits, and what is nowhere.
    #[must_use]
    pub fn queries(&self) -> Vec<(&'static str, String)> {
        let chinese = |rank: usize| self.chinese.get(rank).cloned().unwrap_or_default();
        let english = |rank: usize| self.english.get(rank).cloned().unwrap_or_default();
        vec![
            ("a Chinese word that is everywhere", chinese(0)),
            ("a Chinese word that is rare", chinese(10_000)),
            (
                "two Chinese words",
                format!("{} {}", chinese(100), chinese(130)),
            ),
            ("a Chinese phrase", format!("{}{}", chinese(1), chinese(7))),
            (
                "an English word that is everywhere",
                format!("\"{}\"", english(0)),
            ),
            ("an English word that is rare", english(9_000)),
            ("one letter", english(100).chars().take(1).collect()),
            ("four letters", english(100).chars().take(4).collect()),
            ("digits", "2024".to_owned()),
            ("a character that is nowhere", "龘".to_owned()),
        ]
    }

    fn a_chinese(&mut self) -> String {
        let rank = self.rank(self.chinese.len());
        self.chinese.get(rank).cloned().unwrap_or_default()
    }

    fn an_english(&mut self) -> String {
        let rank = self.rank(self.english.len());
        self.english.get(rank).cloned().unwrap_or_default()
    }

    /// Xorshift: chance that is the same everywhere.
    fn next(&mut self) -> u64 {
        self.state ^= self.state << 13;
        self.state ^= self.state >> 7;
        self.state ^= self.state << 17;
        self.state
    }

    fn below(&mut self, end: u64) -> u64 {
        self.next() % end
    }

    /// A rank below `end`, the first far more often than the last.
    fn rank(&mut self, end: usize) -> usize {
        // Uniform in the logarithm: a random length in bits, then a random number
        // of that length.
        let bits = end.max(2).ilog2() + 1;
        let length = u32::try_from(self.below(u64::from(bits))).unwrap_or(0);
        let base = 1_u64 << length;
        let rank = base + self.below(base) - 1;
        usize::try_from(rank).map_or(0, |rank| rank % end.max(1))
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashMap;

    use super::*;

    #[test]
    fn the_same_seed_says_the_same_and_some_words_are_everywhere() {
        let mut words = Words::new(7);
        let texts: Vec<String> = (0..2_000).map(|_| words.text()).collect();
        let mut again = Words::new(7);
        assert!(texts.iter().all(|text| *text == again.text()));
        let mut count: HashMap<char, usize> = HashMap::new();
        for c in texts.iter().flat_map(|text| text.chars()) {
            *count.entry(c).or_default() += 1;
        }
        let most = count.values().max().copied().unwrap_or_default();
        let once = count.values().filter(|count| **count == 1).count();
        assert!(most > 500 && once > 50, "{most} {once}");
        assert!(
            words
                .queries()
                .iter()
                .all(|(_, query)| !query.trim_matches('"').is_empty())
        );
    }
}
