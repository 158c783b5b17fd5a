use proptest::prelude::{ProptestConfig, prop_assert, prop_assert_eq, proptest};

use super::*;
use crate::search::characters::stands_apart;

/// The text with what is found in it in brackets.
fn marked(query: &str, text: &str) -> Option<String> {
    let marks = Query::parse(query).marks(&[text])?.remove(0);
    let units: Vec<u16> = text.encode_utf16().collect();
    let mut shown = String::new();
    let mut at = 0;
    let piece =
        |from: u32, to: u32| String::from_utf16(&units[from as usize..to as usize]).unwrap();
    for mark in marks {
        shown += &format!("{}[{}]", piece(at, mark.start), piece(mark.start, mark.end));
        at = mark.end;
    }
    Some(shown + &piece(at, u32::try_from(units.len()).unwrap()))
}

fn finds(query: &str, text: &str) -> bool {
    marked(query, text).is_some()
}

#[test]
fn chinese_from_one_character_up() {
    let text = "明天的会议2024纪要在服务器上，请查收";
    assert_eq!(
        marked("服", text).unwrap(),
        "明天的会议2024纪要在[服]务器上，请查收"
    );
    assert_eq!(
        marked("服务器", text).unwrap(),
        "明天的会议2024纪要在[服务器]上，请查收"
    );
    assert_eq!(
        marked("会议2024纪要", text).unwrap(),
        "明天的[会议2024纪要]在服务器上，请查收"
    );
    assert_eq!(
        marked("会议 查收", text).unwrap(),
        "明天的[会议]2024纪要在服务器上，请[查收]"
    );
    assert!(finds("会议２０", text) && finds("会议 2024", text));
    assert!(!finds("服器", text) && !finds("上请", text));
    // People set spaces between scripts, or do not.
    assert!(finds("会议2024", "会议 2024 年"));
    assert!(!finds("会议", "会 议"));
    assert!(finds("上，请", text) && finds("请，上", text));
    assert!(!finds("\"请，上\"", text));
}

#[test]
fn japanese_and_korean() {
    assert_eq!(
        marked("ｻｰﾊﾞｰ", "新しいサーバーへ").unwrap(),
        "新しい[サーバー]へ"
    );
    assert_eq!(marked("が", "ｶﾞｲﾄﾞ が来た").unwrap(), "ｶﾞｲﾄﾞ [が]来た");
    assert_eq!(
        marked("행", "서버를 시행한다").unwrap(),
        "서버를 시[행]한다"
    );
    assert_eq!(
        marked("\u{1109}\u{1165}버", "서버 점검").unwrap(),
        "[서버] 점검"
    );
    assert!(finds("𠮷野", "𠮷野家で"));
}

#[test]
fn words_phrases_and_what_goes_on() {
    let text = "The Meeting-Notes of Café №5 are on server-01.";
    assert_eq!(
        marked("meeting not", text).unwrap(),
        "The [Meeting]-[Notes] of Café №5 are on server-01."
    );
    assert!(finds("meet", text) && !finds("meet notes", text) && !finds("eeting", text));
    assert!(finds("\"notes of\"", text) && !finds("\"notes caf\"", text));
    assert!(finds("\"notes of ca", text) && !finds("\"notes of ca\"", text));
    assert!(finds("“notes of”", text) && finds("meeting-notes", text));
    assert!(finds("CAFE", text) && finds("no5", text) && finds("SERVER-0", text));
    // It ends here, so it is the whole word.
    assert!(!finds("serv.", text) && finds("server.", text));
}

#[test]
fn operators_are_data() {
    for typed in [
        "NOT",
        "a AND",
        "\"",
        "\"\"\"",
        "(",
        "*",
        "x*",
        "NEAR(a b)",
        "text:x",
        "^a",
        "-",
        "a OR b",
        "\0",
        "'",
        "{",
        "+",
        "，",
        "%_",
        "--",
        ";",
    ] {
        let query = Query::parse(typed);
        let mut terms = Terms::default();
        query.add_terms(&mut terms);
        assert!(!query.is_empty(), "{typed}");
    }
    assert!(finds("not", "do NOT") && finds("a OR b", "or b a"));
    assert!(Query::parse(" \u{3000}\n").is_empty());
}

#[test]
fn signs_alone_are_found_as_they_are() {
    assert_eq!(marked("?!", "what?! 😀?!").unwrap(), "what[?!] 😀[?!]");
    assert_eq!(marked("。。。", "好。。。").unwrap(), "好[。。。]");
    assert!(!finds("?!", "what!?"));
    assert_eq!(marked("👍", "好👍🏽").unwrap(), "好[👍🏽]");
    assert_eq!(marked("🇨🇳", "🇯🇵🇨🇳").unwrap(), "🇯🇵[🇨🇳]");
}

#[test]
fn over_several_texts() {
    let query = Query::parse("报告 pdf");
    let marks = query.marks(&["年度报告", "q3.PDF"]).unwrap();
    let places: Vec<_> = marks
        .iter()
        .flatten()
        .map(|mark| (mark.start, mark.end))
        .collect();
    assert_eq!((marks.len(), places), (2, vec![(2, 4), (3, 6)]));
    assert_eq!(query.marks(&["年度报告", "q3.doc"]), None);
}

#[test]
fn terms_of_a_query() {
    let expression = |typed: &str| {
        let mut terms = Terms::default();
        Query::parse(typed).add_terms(&mut terms);
        terms
            .expression()
            .unwrap_or_default()
            .replace('\u{E000}', "^")
    };
    assert_eq!(expression("服务器"), r#""服务" AND "务器""#);
    assert_eq!(expression("服"), r#""服""#);
    assert_eq!(expression("会议202"), r#""会议" AND "^202""#);
    assert_eq!(
        expression("a2服b meeting notes"),
        r#""a2" AND "服" AND "b" AND "meeting" AND "^notes""#
    );
    assert_eq!(expression("certifica"), r#""certifica"*"#);
    assert_eq!(expression("\"in it\" 👍"), r#""in" AND "it" AND "👍""#);
    assert_eq!(expression("?"), "");
    assert!(expression(&"万".repeat(9_999)).len() < 100);
    let long: String = ('一'..).take(500).collect();
    assert_eq!(expression(&long).matches(" AND ").count(), 47);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(512))]

    /// Whatever run of characters without spaces is copied out of a text is found in it.
    #[test]
    fn every_piece_is_found(text in "[一-鿿㐀-㐐ぁ-んァ-ヴ가-힣𠀀-𠀐 ，a-c1-3😀]{1,40}", from in 0_usize..40, length in 1_usize..8) {
        let piece: String = text.chars().skip(from).take(length).collect();
        let piece: String = piece.chars().filter(|c| stands_apart(*c) || *c == '，').collect();
        if text.contains(&piece) && !Query::parse(&piece).is_empty() {
            prop_assert!(finds(&piece, &text), "{piece:?} in {text:?}");
        }
    }

    /// Places lie within the text, in order, and a word at its place folds to what was sought.
    #[test]
    fn places_are_valid(typed in "\\PC{0,12}", text in "\\PC{0,60}") {
        let units: Vec<u16> = text.encode_utf16().collect();
        for text_too in [format!("{text}{typed}"), format!("{text} {typed} {text}"), text.clone()] {
            let units_too: Vec<u16> = text_too.encode_utf16().collect();
            let query = Query::parse(&typed);
            let mut end = 0;
            for mark in query.marks(&[&text_too]).unwrap_or_default().remove_first() {
                prop_assert!(mark.start < mark.end && mark.end as usize <= units_too.len());
                prop_assert!(end == 0 || mark.start > end);
                end = mark.end;
                prop_assert!(String::from_utf16(&units_too[mark.start as usize..mark.end as usize]).is_ok());
            }
        }
        prop_assert_eq!(units.len(), text.encode_utf16().count());
    }

    /// A message is found by itself as a quotation, and its index has what the query asks of it.
    #[test]
    fn the_index_agrees(text in "\\PC{1,40}") {
        let words: Vec<String> = text.split_whitespace().map(|word| word.replace(is_quote, " ")).collect();
        for word in words {
            let query = Query::parse(&word);
            if query.is_empty() || query.is_signs() || query.marks(&[&text]).is_none() {
                continue;
            }
            let mut terms = Terms::default();
            query.add_terms(&mut terms);
            let there = crate::search::terms::of_message("c", "a", &text, None);
            let there: Vec<&str> = there.split(' ').collect();
            for term in terms.expression().unwrap().split(" AND ") {
                let wanted = term.trim_end_matches('*').trim_matches('"');
                let is_there = there.iter().any(|one| *one == wanted || term.ends_with('*') && one.starts_with(wanted));
                prop_assert!(is_there, "{term} of {word:?} in {text:?}");
            }
        }
    }
}

trait RemoveFirst {
    fn remove_first(self) -> Vec<Range<u32>>;
}

impl RemoveFirst for Vec<Vec<Range<u32>>> {
    fn remove_first(mut self) -> Vec<Range<u32>> {
        if self.is_empty() {
            Vec::new()
        } else {
            self.remove(0)
        }
    }
}
