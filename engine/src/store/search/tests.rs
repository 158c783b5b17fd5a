mod dates;
mod due;

use std::collections::BTreeMap;

use proptest::prelude::{
    ProptestConfig, Strategy, any, prop, prop_assert, prop_assert_eq, prop_oneof, proptest,
};
use rusqlite::{Connection, params};

use super::*;
use crate::store::schema;

fn database() -> Connection {
    let mut connection = Connection::open_in_memory().unwrap();
    schema::migrate(&mut connection).unwrap();
    connection
}

fn insert(db: &Connection, conversation: &str, author: &str, text: &str, time_ms: i64) -> i64 {
    db.execute(
        "INSERT INTO messages (conversation, position, outgoing, author, text, time_ms)
         VALUES (?1, (SELECT coalesce(max(position), 0) + 1 FROM messages), 0, ?2, ?3, ?4)",
        params![conversation, author, text, time_ms],
    )
    .unwrap();
    db.last_insert_rowid()
}

fn asked(text: &str) -> Ask {
    Ask {
        query: Query::parse(text),
        limit: 50,
        ..Ask::default()
    }
}

/// As at the end of a transaction of the writer.
fn commit(db: &Connection) {
    let tx = db.unchecked_transaction().unwrap();
    index(&tx).unwrap();
    tx.commit().unwrap();
}

fn find(db: &Connection, ask: &Ask) -> rusqlite::Result<Page> {
    commit(db);
    super::find(db, ask)
}

fn ids(db: &Connection, ask: &Ask) -> Vec<i64> {
    find(db, ask)
        .unwrap()
        .hits
        .iter()
        .map(|hit| hit.id)
        .collect()
}

/// Rows of the index, and those that there should be.
fn in_step(db: &Connection) -> bool {
    commit(db);
    let mut statement = db
        .prepare("SELECT rowid FROM message_words ORDER BY rowid")
        .unwrap();
    let indexed: Vec<i64> = statement
        .query_map([], |row| row.get(0))
        .unwrap()
        .map(Result::unwrap)
        .collect();
    let mut statement = db
        .prepare("SELECT search_key(id, time_ms) FROM messages WHERE retracted_ms IS NULL AND kind <> 'event' ORDER BY 1")
        .unwrap();
    let wanted: Vec<i64> = statement
        .query_map([], |row| row.get(0))
        .unwrap()
        .map(Result::unwrap)
        .collect();
    db.execute(
        "INSERT INTO message_words (message_words) VALUES ('integrity-check')",
        [],
    )
    .unwrap();
    indexed == wanted
}

/// Chinese, Japanese, Korean, mixed with Latin and digits: each text by pieces of it.
const CORPUS: &[(&str, &[&str])] = &[
    (
        "明天下午三点开会，讨论预算",
        &["开", "开会", "下午三点", "讨论预算", "三点 预算", "会，讨"],
    ),
    (
        "会议2024纪要已上传到服务器",
        &[
            "2024",
            "会议2024纪要",
            "纪要",
            "服务器",
            "２０２４纪要",
            "会议 2024",
        ],
    ),
    ("繁體中文：會議紀錄", &["會議", "繁體", "紀", "紀錄"]),
    ("請看㍿テスト様の資料", &["株式会社", "テスト", "ﾃｽﾄ", "様"]),
    (
        "サーバーが落ちました",
        &["サーバー", "ｻｰﾊﾞｰ", "が", "落ち", "ました"],
    ),
    (
        "서버 점검은 내일입니다",
        &["서버", "점검", "내일", "일입", "서"],
    ),
    ("ทดสอบระบบวันนี้", &["ระบบ", "วัน"]),
    (
        "Deploy v2.10.3 to prod-01 tonight",
        &[
            "v2.10",
            "deploy",
            "prod-01",
            "tonight deploy",
            "PROD",
            "\"to prod\"",
        ],
    ),
    (
        "Straße und Café, ＦＵＬＬ ｗｉｄｔｈ",
        &["strasse", "cafe", "full width", "CAFÉ"],
    ),
    (
        "iPhone15发布会😀好👍🏽",
        &["iphone", "发布会", "😀", "👍", "iPhone15发布"],
    ),
    ("𠮷野家の牛丼", &["𠮷", "𠮷野家", "牛丼"]),
    (
        "Привет, мир! Γειά σου",
        &["привет", "МИР", "γεια", "ΓΕΙΆ ΣΟΥ"],
    ),
];

#[test]
fn a_corpus_of_many_scripts() {
    let db = database();
    let all: Vec<i64> = CORPUS
        .iter()
        .map(|(text, _)| insert(&db, "a@b", "c@b", text, 1000))
        .collect();
    for ((text, pieces), id) in CORPUS.iter().zip(&all) {
        for piece in *pieces {
            let page = find(&db, &asked(piece)).unwrap();
            let hit = page.hits.iter().find(|hit| hit.id == *id);
            let hit = hit.unwrap_or_else(|| panic!("{piece} in {text}"));
            assert!(!hit.excerpt.highlights.is_empty(), "{piece} in {text}");
        }
    }
    for absent in [
        "开预",
        "会議",
        "server",
        "eploy",
        "점검내",
        "\"prod to\"",
        "龘",
        "🚀",
    ] {
        assert_eq!(ids(&db, &asked(absent)), [0; 0], "{absent}");
    }
    assert!(in_step(&db));
}

#[test]
fn newest_first_whenever_it_came() {
    let db = database();
    let now = 1_764_139_000_000;
    let new = insert(&db, "a@b", "c@b", "的", now);
    let same_second = insert(&db, "a@b", "c@b", "的", now + 1);
    let history = insert(&db, "a@b", "c@b", "的", now - 86_400_000);
    let newest = insert(&db, "a@b", "c@b", "的", now + 5_000);
    let ancient = insert(&db, "a@b", "c@b", "的", -5);
    let order = [newest, same_second, new, history, ancient];
    assert_eq!(ids(&db, &asked("的")), order);

    let mut ask = asked("的");
    ask.limit = 2;
    let mut paged = Vec::new();
    loop {
        let page = find(&db, &ask).unwrap();
        paged.extend(page.hits.iter().map(|hit| hit.id));
        ask.below = page.reached;
        if page.reached.is_none() {
            break;
        }
    }
    assert_eq!(paged, order);

    let mut ask = asked("的");
    (ask.from_ms, ask.to_ms) = (Some(now - 86_400_000), Some(now + 1));
    assert_eq!(ids(&db, &ask), [new, history]);
    (ask.from_ms, ask.to_ms) = (Some(i64::MIN), Some(i64::MAX));
    assert_eq!(ids(&db, &ask), order);
}

#[test]
fn filters_alone_and_with_words() {
    let db = database();
    let file = |name: &str, media_type: &str, conversation: &str| {
        let id = insert(
            &db,
            conversation,
            "li@b",
            "https://files.example.org/x",
            5_000,
        );
        let attachments = format!(r#"[{{"name":"{name}","media_type":"{media_type}","size":5}}]"#);
        db.execute(
            "UPDATE messages SET kind = 'file', attachments = ?2 WHERE id = ?1",
            params![id, attachments],
        )
        .unwrap();
        id
    };
    let report = file("年度报告.pdf", "application/pdf", "room@c");
    let picture = file("白板.JPG", "image/jpeg", "room@c");
    let elsewhere = file("报告.doc", "application/msword", "other@c");
    let link = insert(
        &db,
        "room@c",
        "wang@b",
        "看 https://example.org/报告",
        6_000,
    );
    let plain = insert(&db, "room@c", "li@b", "报告写好了", 7_000);

    assert_eq!(ids(&db, &asked("报告")), [plain, link, elsewhere, report]);
    let with = |change: &dyn Fn(&mut Ask), text: &str| {
        let mut ask = asked(text);
        change(&mut ask);
        ids(&db, &ask)
    };
    let in_room = |ask: &mut Ask| ask.conversation = Some("room@c".into());
    assert_eq!(with(&in_room, "报告"), [plain, link, report]);
    assert_eq!(with(&in_room, ""), [plain, link, picture, report]);
    assert_eq!(with(&|ask| ask.author = Some("wang@b".into()), ""), [link]);
    assert_eq!(
        with(&|ask| ask.content = Some(Content::File), ""),
        [elsewhere, report]
    );
    assert_eq!(
        with(&|ask| ask.content = Some(Content::Image), "jpg"),
        [picture]
    );
    assert_eq!(
        with(&|ask| ask.content = Some(Content::Text), "报告"),
        [plain, link]
    );
    assert_eq!(
        with(&|ask| ask.content = Some(Content::Link), "报告"),
        [link, elsewhere, report]
    );
    let page = find(&db, &asked("白板")).unwrap();
    assert_eq!(page.hits[0].excerpt.text, "白板.JPG");
    assert_eq!(page.hits[0].excerpt.highlights[0], 0..2);
    // Nothing asked, nothing found; nothing ever finds marks.
    assert_eq!(ids(&db, &asked("")), [0; 0]);
    assert_eq!(ids(&db, &asked("\u{E003}t")), [0; 0]);
    assert!(in_step(&db));
}

#[test]
fn what_changes_is_found_as_it_is_now() {
    let db = database();
    let id = insert(&db, "a@b", "c@b", "old words", 5_000);
    let count = db
        .execute(
            "UPDATE messages SET text = 'new text', edited_ms = 1 WHERE id = ?1",
            [id],
        )
        .unwrap();
    assert_eq!(count, 1, "triggers do not count");
    assert_eq!(
        (ids(&db, &asked("old")), ids(&db, &asked("new"))),
        (vec![], vec![id])
    );
    db.execute("UPDATE messages SET time_ms = 9000000 WHERE id = ?1", [id])
        .unwrap();
    db.execute("UPDATE messages SET state = 2 WHERE id = ?1", [id])
        .unwrap();
    assert_eq!(ids(&db, &asked("new")), [id]);
    assert!(in_step(&db));
    db.execute(
        "UPDATE messages SET retracted_ms = 1, text = '' WHERE id = ?1",
        [id],
    )
    .unwrap();
    assert_eq!(ids(&db, &asked("new")), [0; 0]);
    db.execute("DELETE FROM messages", []).unwrap();
    assert!(in_step(&db));
    let event = insert(&db, "a@b", "c@b", "joined", 5_000);
    db.execute("UPDATE messages SET kind = 'event' WHERE id = ?1", [event])
        .unwrap();
    assert_eq!(ids(&db, &asked("joined")), [0; 0]);
    assert!(in_step(&db));
}

#[test]
fn one_search_looks_at_so_much_and_says_how_far() {
    let db = database();
    // All have the words, only the oldest has them in this order.
    let oldest = insert(&db, "a@b", "c@b", "one two", 0);
    db.execute_batch("BEGIN").unwrap();
    for number in 0..6_000 {
        insert(&db, "a@b", "c@b", "two one", 1_000_000 + number * 1000);
    }
    db.execute_batch("COMMIT").unwrap();
    let mut ask = asked("\"one two\"");
    let page = find(&db, &ask).unwrap();
    assert_eq!((page.hits.len(), page.reached.is_some()), (0, true));
    ask.below = page.reached;
    let page = find(&db, &ask).unwrap();
    assert_eq!((page.hits[0].id, page.reached), (oldest, None));
    // A search for signs alone is bounded as well.
    assert!(find(&db, &asked("?!")).unwrap().reached.is_some());
}

#[test]
fn names_of_all_that_has_one() {
    let db = database();
    db.execute_batch(
        "INSERT INTO contacts (address, name) VALUES ('li@b', '李娜'), ('new@b', 'New');
         INSERT INTO conversations (id, kind, last_time_ms) VALUES ('li@b', 'direct', 5), ('x@b', 'direct', NULL);
         INSERT INTO rooms (address, nick, name) VALUES ('sales@c', 'me', '销售');
         INSERT INTO conversations (id, kind, last_time_ms) VALUES ('sales@c', 'room', 9)",
    )
    .unwrap();
    let rows: Vec<_> = named(&db)
        .unwrap()
        .into_iter()
        .map(|row| (row.id, row.name, row.is_room, row.in_list, row.last_time_ms))
        .collect();
    let row = |id: &str, name: &str, is_room, in_list, time| {
        (id.to_owned(), name.to_owned(), is_room, in_list, time)
    };
    assert_eq!(
        rows,
        [
            row("li@b", "李娜", false, true, Some(5)),
            row("new@b", "New", false, false, None),
            row("sales@c", "销售", true, true, Some(9)),
            row("x@b", "x", false, true, None),
        ]
    );
    insert(&db, "sales@c", "li@b", "报价", 5);
    let hit = find(&db, &asked("报价")).unwrap().hits.remove(0);
    assert_eq!(
        (hit.conversation_name.as_str(), hit.author_name.as_str()),
        ("销售", "李娜")
    );
}

/// What happens to messages.
#[derive(Debug, Clone)]
enum Step {
    Insert(String, i64),
    Edit(usize, String),
    Move(usize, i64),
    Retract(usize),
    Delete(usize),
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let text = "[一-三会议a-b ]{0,6}";
    let time = -2_000_i64..9_000;
    prop::collection::vec(
        prop_oneof![
            3 => (text, time.clone()).prop_map(|(text, time)| Step::Insert(text, time)),
            1 => (any::<usize>(), text).prop_map(|(at, text)| Step::Edit(at, text)),
            1 => (any::<usize>(), time).prop_map(|(at, time)| Step::Move(at, time)),
            1 => any::<usize>().prop_map(Step::Retract),
            1 => any::<usize>().prop_map(Step::Delete),
        ],
        0..40,
    )
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    /// Whatever is done, the index finds what reading every message would find.
    #[test]
    fn the_index_is_in_step(steps in steps(), wanted in "[一-三会议a-b ]{1,3}") {
        let db = database();
        let mut model: BTreeMap<i64, (String, i64)> = BTreeMap::new();
        for step in steps {
            let at = |at: usize| model.keys().nth(at % model.len().max(1)).copied().unwrap_or(0);
            match step {
                Step::Insert(text, time) => {
                    let id = insert(&db, "a@b", "c@b", &text, time);
                    model.insert(id, (text, time));
                }
                Step::Edit(which, text) => {
                    let id = at(which);
                    db.execute("UPDATE messages SET text = ?2 WHERE id = ?1", params![id, text]).unwrap();
                    if let Some(message) = model.get_mut(&id) { message.0 = text; }
                }
                Step::Move(which, time) => {
                    let id = at(which);
                    db.execute("UPDATE messages SET time_ms = ?2 WHERE id = ?1", params![id, time]).unwrap();
                    if let Some(message) = model.get_mut(&id) { message.1 = time; }
                }
                Step::Retract(which) => {
                    let id = at(which);
                    db.execute("UPDATE messages SET retracted_ms = 1, text = '' WHERE id = ?1", [id]).unwrap();
                    model.remove(&id);
                }
                Step::Delete(which) => {
                    let id = at(which);
                    db.execute("DELETE FROM messages WHERE id = ?1", [id]).unwrap();
                    model.remove(&id);
                }
            }
        }
        prop_assert!(in_step(&db));
        let query = Query::parse(&wanted);
        let mut expected: Vec<(i64, i64)> = model
            .iter()
            .filter(|(_, (text, _))| !query.is_empty() && query.marks(&[text]).is_some())
            .map(|(id, (_, time))| (terms::key(*id, *time).unwrap(), *id))
            .collect();
        expected.sort_unstable_by(|one, other| other.cmp(one));
        let expected: Vec<i64> = expected.into_iter().map(|(_, id)| id).collect();
        prop_assert_eq!(ids(&db, &asked(&wanted)), expected);
    }

    /// Nothing that can be typed is a mistake in the language of the index.
    #[test]
    fn anything_may_be_typed(typed in any::<String>(), text in any::<String>()) {
        let db = database();
        insert(&db, "a@b", "c@b", &text, 1);
        let mut ask = asked(&typed);
        ask.conversation = Some(text);
        prop_assert!(find(&db, &asked(&typed)).is_ok() && find(&db, &ask).is_ok());
    }
}
