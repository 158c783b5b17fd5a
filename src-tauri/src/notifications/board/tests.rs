use super::*;
use crate::contract::{AccountRules, NotificationSettings, NotifyAbout};

const WORDS: Words = Words::English;

fn key(name: &str) -> ConversationKey {
    ConversationKey {
        account: "a".to_owned(),
        conversation: name.to_owned(),
    }
}

fn note(name: &str, text: &str, unread: u32) -> Note {
    Note {
        key: key(name),
        message: 7,
        author: name.to_owned(),
        room: None,
        mentions_me: false,
        text: text.to_owned(),
        unread,
        limit: PreviewLimit::Anything,
    }
}

fn at(now_ms: i64) -> Moment {
    Moment {
        now_ms,
        wall: Wall {
            day: 0,
            minute: 600,
        },
        focused: false,
        reading: None,
        locked: false,
    }
}

fn calm() -> Settings {
    let mut settings = Settings::default();
    settings.desktop.flash = false;
    settings
}

fn cards(effects: &[Effect]) -> Vec<(&Slot, &Card)> {
    effects
        .iter()
        .filter_map(|effect| match effect {
            Effect::Show(slot, card) | Effect::Amend(slot, card) => Some((slot, card)),
            Effect::Close(_) | Effect::Flash => None,
        })
        .collect()
}

#[test]
fn u80_twenty_conversations_are_few_notifications_and_one_sound() {
    let mut board = Board::default();
    let mut slots = HashSet::new();
    let mut sounds = 0;
    for n in 0..20 {
        let note = note(&format!("person {n:02}"), "hi", 2);
        let effects = board.arrived(note, &calm(), WORDS, &at(n * 100));
        for (slot, card) in cards(&effects) {
            slots.insert(slot.clone());
            sounds += u32::from(card.sound);
        }
    }
    assert_eq!(slots.len(), MAX_SEPARATE + 1);
    assert_eq!(sounds, 1);
    let summary = board.summary(false, WORDS);
    assert_eq!(summary.body, "32 new messages in 16 conversations");
}

#[test]
fn u80_messages_of_a_conversation_fold_into_one() {
    let mut board = Board::default();
    board.arrived(note("Li", "one", 1), &calm(), WORDS, &at(0));
    let effects = board.arrived(note("Li", "two", 2), &calm(), WORDS, &at(10));
    let shown = cards(&effects);
    assert_eq!(shown.len(), 1);
    assert_eq!(shown[0].0, &Slot::Conversation(key("Li")));
    assert_eq!(
        (shown[0].1.title.as_str(), shown[0].1.body.as_str()),
        ("Li (2)", "two")
    );
    assert!(!shown[0].1.sound, "a sound was made a moment ago");
    let later = board.arrived(note("Li", "three", 3), &calm(), WORDS, &at(SOUND_EVERY_MS));
    assert!(cards(&later)[0].1.sound);
}

#[test]
fn u29_only_what_is_being_read_is_not_told() {
    let mut board = Board::default();
    let reading = Moment {
        focused: true,
        reading: Some(key("Li")),
        ..at(0)
    };
    let effects = board.arrived(note("Li", "seen", 1), &calm(), WORDS, &reading);
    assert_eq!(effects, []);
    let effects = board.arrived(note("Wang", "not seen", 1), &calm(), WORDS, &reading);
    assert_eq!(cards(&effects).len(), 1, "another conversation");
    let hidden = at(1);
    let effects = board.arrived(note("Li", "behind", 1), &calm(), WORDS, &hidden);
    assert_eq!(cards(&effects).len(), 1, "selected, but nobody looks");
}

#[test]
fn u81_mentions_may_pass_while_all_else_is_quiet() {
    let mut settings = calm();
    settings.notifications = NotificationSettings {
        quiet_until_ms: Some(1_000),
        mentions_pass: true,
        ..NotificationSettings::default()
    };
    let mut board = Board::default();
    assert_eq!(
        board.arrived(note("Li", "x", 1), &settings, WORDS, &at(0)),
        []
    );
    let mention = Note {
        mentions_me: true,
        ..note("Li", "@me", 2)
    };
    let effects = board.arrived(mention.clone(), &settings, WORDS, &at(0));
    assert_eq!(cards(&effects).len(), 1);
    settings.notifications.enabled = false;
    assert_eq!(board.arrived(mention, &settings, WORDS, &at(0)), []);
}

#[test]
fn u83_what_was_read_elsewhere_goes() {
    let mut board = Board::default();
    for n in 0..6 {
        let note = note(&format!("p{n}"), "hi", 1);
        board.arrived(note, &calm(), WORDS, &at(0));
    }
    assert_eq!(board.watched("a").len(), 6);
    assert_eq!(board.watched("b"), []);
    assert_eq!(board.unread(&key("p0"), 1, WORDS), [], "still unread");
    let closed = |name: &str| Effect::Close(Slot::Conversation(key(name)));
    assert_eq!(board.unread(&key("p0"), 0, WORDS), [closed("p0")]);
    assert_eq!(board.unread(&key("p0"), 0, WORDS), [], "once");
    let effects = board.unread(&key("p4"), 0, WORDS);
    assert_eq!(cards(&effects)[0].1.body, "New message");
    assert_eq!(
        board.unread(&key("p5"), 0, WORDS),
        [Effect::Close(Slot::Summary)]
    );
}

/// A click on it would lead nowhere, and its words are of an account that is gone.
#[test]
fn what_is_told_of_an_account_that_is_gone_goes_with_it() {
    let mut board = Board::default();
    board.arrived(note("Li", "hi", 1), &calm(), WORDS, &at(0));
    board.catching_up("a");
    board.arrived(note("Wang", "hi", 1), &calm(), WORDS, &at(0));
    let both = ["a".to_owned(), "b".to_owned()];
    assert_eq!(board.only_of(&both, WORDS), []);
    let closed = Effect::Close(Slot::Conversation(key("Li")));
    assert_eq!(board.only_of(&both[1..], WORDS), [closed]);
    assert_eq!(board.watched("a"), []);
}

#[test]
fn u84_the_preview_can_be_less_and_is_on_a_locked_screen() {
    let limited = |preview, locked, limit| {
        let mut settings = calm();
        settings.notifications.preview = preview;
        let moment = Moment { locked, ..at(0) };
        let room = Note {
            room: Some("Sales".to_owned()),
            limit,
            ..note("Li", "secret", 3)
        };
        let effects = Board::default().arrived(room, &settings, WORDS, &moment);
        let (_, card) = cards(&effects)[0];
        (card.title.clone(), card.body.clone())
    };
    let shown = |preview, locked| limited(preview, locked, PreviewLimit::Anything);
    let is = |title: &str, body: &str| (title.to_owned(), body.to_owned());
    assert_eq!(
        shown(PreviewLevel::Text, false),
        is("Sales (3)", "Li: secret")
    );
    let name = is("Sales (3)", "3 new messages");
    assert_eq!(shown(PreviewLevel::Text, true), name);
    assert_eq!(shown(PreviewLevel::Name, false), name);
    let nothing = is("Startalk", "New message");
    assert_eq!(shown(PreviewLevel::Nothing, false), nothing);
    // Whoever runs the server can ask for less, never for more.
    for (wanted, limit, seen) in [
        (PreviewLevel::Text, PreviewLimit::Name, &name),
        (PreviewLevel::Text, PreviewLimit::Nothing, &nothing),
        (PreviewLevel::Nothing, PreviewLimit::Name, &nothing),
    ] {
        assert_eq!(&limited(wanted, false, limit), seen);
    }
}

/// The account `a` has these rules, and there is the account `b` without any.
fn ruled(about: NotifyAbout) -> Settings {
    let mut settings = Settings::default();
    let rules = AccountRules {
        about,
        preview: PreviewLevel::Name,
        sound: false,
    };
    settings
        .notifications
        .accounts
        .insert("a".to_owned(), rules);
    settings
}

fn of_b(note: Note) -> Note {
    let key = ConversationKey {
        account: "b".to_owned(),
        ..note.key
    };
    Note { key, ..note }
}

#[test]
fn u107_an_account_has_rules_of_its_own_and_the_other_those_of_all() {
    let settings = ruled(NotifyAbout::Everything);
    let shown = |note: Note| {
        let effects = Board::default().arrived(note, &settings, WORDS, &at(0));
        let (_, card) = cards(&effects)[0];
        (card.body.clone(), card.sound)
    };
    let own = note("Li", "secret", 3);
    assert_eq!(shown(own.clone()), ("3 new messages".to_owned(), false));
    assert_eq!(shown(of_b(own)), ("secret".to_owned(), true));
}

#[test]
fn u107_an_account_tells_of_all_of_what_is_personal_or_of_nothing() {
    let direct = note("Li", "hi", 1);
    let room = Note {
        room: Some("Sales".to_owned()),
        ..note("sales", "all of you", 1)
    };
    let mention = Note {
        mentions_me: true,
        ..room.clone()
    };
    for (about, told) in [
        (NotifyAbout::Everything, [true, true, true]),
        (NotifyAbout::Personal, [true, false, true]),
        (NotifyAbout::Nothing, [false, false, false]),
    ] {
        let settings = ruled(about);
        for (note, told) in [&direct, &room, &mention].into_iter().zip(told) {
            let effects = |note| Board::default().arrived(note, &settings, WORDS, &at(0));
            // Neither a notification nor the task bar.
            assert_eq!(
                !effects(note.clone()).is_empty(),
                told,
                "{about:?} {note:?}"
            );
            assert!(!effects(of_b(note.clone())).is_empty(), "{about:?}");
        }
    }
}

#[test]
fn u107_what_was_missed_keeps_to_the_rules() {
    let mut board = Board::default();
    let settings = ruled(NotifyAbout::Nothing);
    for account in ["a", "b"] {
        board.catching_up(account);
    }
    for missed in [note("Li", "old", 4), of_b(note("Wang", "old", 2))] {
        assert_eq!(board.arrived(missed, &settings, WORDS, &at(0)), []);
    }
    assert_eq!(board.caught_up("a", &settings, WORDS, &at(1)), []);
    assert_eq!(
        cards(&board.caught_up("b", &settings, WORDS, &at(1))).len(),
        1
    );
}

#[test]
fn u107_when_to_be_quiet_is_the_same_for_all_accounts() {
    let mut settings = ruled(NotifyAbout::Everything);
    settings.notifications.quiet_until_ms = Some(1_000);
    let mut board = Board::default();
    for note in [note("Li", "hi", 1), of_b(note("Li", "hi", 1))] {
        assert_eq!(board.arrived(note, &settings, WORDS, &at(0)), []);
    }
}

#[test]
fn u87_the_task_bar_flashes_once_a_conversation_until_somebody_looks() {
    let mut board = Board::default();
    let settings = Settings::default();
    let flashes = |effects: Vec<Effect>| effects.contains(&Effect::Flash);
    assert!(flashes(board.arrived(
        note("Li", "1", 1),
        &settings,
        WORDS,
        &at(0)
    )));
    assert!(!flashes(board.arrived(
        note("Li", "2", 2),
        &settings,
        WORDS,
        &at(1)
    )));
    assert!(flashes(board.arrived(
        note("Wang", "1", 1),
        &settings,
        WORDS,
        &at(2)
    )));
    board.focused();
    assert!(flashes(board.arrived(
        note("Li", "3", 3),
        &settings,
        WORDS,
        &at(3)
    )));
    assert!(!flashes(board.arrived(
        note("Zhou", "1", 1),
        &calm(),
        WORDS,
        &at(4)
    )));
}

#[test]
fn u88_what_was_missed_is_one_summary_without_a_sound() {
    let mut board = Board::default();
    board.catching_up("a");
    for n in 0..30 {
        let note = note(&format!("p{n}"), "old", 10);
        assert_eq!(board.arrived(note, &Settings::default(), WORDS, &at(0)), []);
    }
    let effects = board.caught_up("a", &Settings::default(), WORDS, &at(9_000));
    let shown = cards(&effects);
    assert_eq!((effects.len(), shown.len()), (1, 1));
    assert_eq!(shown[0].0, &Slot::Summary);
    assert_eq!(shown[0].1.body, "300 new messages in 30 conversations");
    assert!(!shown[0].1.sound);
    let live = board.arrived(note("p1", "now", 11), &calm(), WORDS, &at(9_001));
    let shown = cards(&live);
    assert_eq!(
        shown[0].1.body, "290 new messages in 29 conversations",
        "the summary no longer speaks for it"
    );
    assert!(
        matches!(live[0], Effect::Amend(..)),
        "and does not come up for that"
    );
    assert_eq!(shown[1].0, &Slot::Conversation(key("p1")));
    assert!(shown[1].1.sound, "what comes now is heard");
}

#[test]
fn u88_one_conversation_that_was_missed_is_shown_as_it_is() {
    let mut board = Board::default();
    board.catching_up("a");
    board.arrived(note("Li", "old", 4), &calm(), WORDS, &at(0));
    let effects = board.caught_up("a", &calm(), WORDS, &at(0));
    let (slot, card) = cards(&effects)[0];
    assert_eq!(slot, &Slot::Conversation(key("Li")));
    assert_eq!((card.title.as_str(), card.sound), ("Li (4)", false));
    board.catching_up("a");
    assert_eq!(board.caught_up("a", &calm(), WORDS, &at(0)), []);
}

#[test]
fn u79_a_click_finds_the_message_and_is_not_told_twice() {
    let mut board = Board::default();
    board.arrived(note("Li", "hi", 1), &calm(), WORDS, &at(0));
    let slot = Slot::Conversation(key("Li"));
    assert_eq!(board.gone(&slot), Some(7));
    assert_eq!(board.gone(&slot), None);
    assert_eq!(board.unread(&key("Li"), 0, WORDS), []);
}

#[test]
fn chinese_has_words_of_its_own() {
    assert_eq!(Words::Chinese.messages_in(7, 3), "3 个会话有 7 条新消息");
    assert_eq!(Words::Chinese.new_messages(1), "有新消息");
    assert_eq!(Words::Chinese.says("李娜", "好"), "李娜：好");
    assert_eq!(Words::English.messages_in(1, 1), "New message");
}

#[test]
fn u80_what_the_summary_has_said_is_not_said_again_when_a_connection_changes() {
    let mut board = Board::default();
    for n in 0..6 {
        let note = note(&format!("person {n}"), "hi", 1);
        board.arrived(note, &calm(), WORDS, &at(0));
    }
    for account in ["a", "b"] {
        assert_eq!(board.caught_up(account, &calm(), WORDS, &at(1)), []);
    }
}

#[test]
fn u84_a_window_that_is_locked_takes_the_texts_off_the_screen() {
    let mut board = Board::default();
    board.arrived(note("Li", "my salary", 1), &calm(), WORDS, &at(0));
    let effects = board.locked(WORDS);
    let shown = cards(&effects);
    assert_eq!(shown.len(), 1);
    let (slot, card) = shown[0];
    assert_eq!(slot, &Slot::Conversation(key("Li")));
    assert_eq!(
        (card.title.as_str(), card.body.as_str()),
        ("Li", "New message")
    );
    assert!(!card.reply && !card.sound);
    assert!(
        matches!(effects[0], Effect::Amend(..)),
        "it does not come up"
    );
    assert_eq!(board.locked(WORDS), [], "said once");
    assert_eq!(board.gone(slot), Some(7), "and still leads to the message");
}
