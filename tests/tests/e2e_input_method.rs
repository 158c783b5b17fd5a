//! Real input methods in the real window, those of `IBus`: Pinyin at 100 and at 200 %,
//! and what else is typed with, each in its own way.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a panic with its place is the report"
)]

use system_tests::window::{App, Desktop, KeyringKind, PINYIN, Screen, join_as, test_id};
use system_tests::world::World;

const PASSWORD: &str = "pinyin-Geheimnis-4711";

/// Where the text begins in the field that has the focus, and the ends of its line, in
/// pixels of the screen: x, top, bottom.
const CARET: &str = "const field = document.activeElement; \
    const box = field.getBoundingClientRect(); const style = getComputedStyle(field); \
    const pen = document.createElement('canvas').getContext('2d'); pen.font = style.font; \
    const left = box.left + parseFloat(style.paddingLeft) + pen.measureText(field.value).width; \
    return [left, box.top, box.bottom].map((place) => String(place * devicePixelRatio))";

/// U40, U41, U42, U43.
#[tokio::test(flavor = "multi_thread")]
async fn pinyin() {
    compose_on(Screen::default()).await;
}

/// U41.
#[tokio::test(flavor = "multi_thread")]
async fn pinyin_at_200_percent() {
    compose_on(Screen {
        width: 2560,
        height: 1600,
        scale: 2,
    })
    .await;
}

/// What makes the word of what was typed.
enum Choice {
    /// The last letter.
    Typing,
    Space,
    /// The first one of the list that the second space opens. It is waited for, because
    /// Anthy commits nothing at all if Enter comes before it has drawn what was chosen.
    List,
}

/// Another input method, and a word that is written with it.
struct Method {
    name: &'static str,
    /// What turns it on where it begins with plain letters.
    turned_on_by: Option<&'static str>,
    typed: &'static str,
    chosen_by: Choice,
    /// Whether the word is the method's until Enter.
    is_ended_by_enter: bool,
    text: &'static str,
}

/// Wubi, Zhuyin, Japanese and Korean.
const METHODS: [Method; 4] = [
    Method {
        name: "table:wubi-jidian86",
        turned_on_by: None,
        typed: "wqvb",
        chosen_by: Choice::Space,
        is_ended_by_enter: false,
        text: "你好",
    },
    Method {
        name: "chewing",
        turned_on_by: None,
        typed: "hk4g4",
        chosen_by: Choice::Typing,
        is_ended_by_enter: true,
        text: "測試",
    },
    Method {
        name: "anthy",
        turned_on_by: Some("ctrl+j"),
        typed: "nihongo",
        chosen_by: Choice::List,
        is_ended_by_enter: true,
        text: "日本語",
    },
    // The last syllable is its own until Enter, which it ends and passes on: one Enter
    // sends, as who writes Korean has it everywhere, and all of the word.
    Method {
        name: "hangul",
        turned_on_by: Some("shift+space"),
        typed: "gksrmf",
        chosen_by: Choice::Typing,
        is_ended_by_enter: false,
        text: "한글",
    },
];

/// U40.
#[tokio::test(flavor = "multi_thread")]
async fn other_methods() {
    let mut desktop = Desktop::start(KeyringKind::Unlocked);
    desktop.start_input_method();
    let world = World::start().await;
    let wang = world.join("Wang Fang").await;
    let app = in_a_conversation(&desktop, &world, "methods").await;
    let mut sent = Vec::new();
    for method in METHODS {
        app.choose_input_method(&desktop, method.name).await;
        if let Some(key) = method.turned_on_by {
            app.press(key);
        }
        match method.chosen_by {
            Choice::Typing => app.type_keys_of(method.typed),
            Choice::Space => {
                app.type_keys_of(method.typed);
                app.press("space");
            }
            Choice::List => {
                let [.., line] = app.compose(method.typed).await;
                app.press("space");
                app.press("space");
                wait_height(&app, "a list", |height| height > 2 * line).await;
                app.press("1");
                wait_height(&app, "one line", |height| height == line).await;
            }
        }
        if method.is_ended_by_enter {
            app.press("Return");
            wait_value(&app, "composer", method.text).await;
            assert_eq!(app.texts(&test_id("message-text")).await, sent);
        }
        app.press("Return");
        sent.push(method.text);
        wait_sent(&app, &sent).await;
        wait_value(&app, "composer", "").await;
    }
    desktop.screenshot(&shot("methods-sent.png"));
    drop(wang);
    app.quit().await;
}

/// An app whose keys go to the field of a conversation.
async fn in_a_conversation(desktop: &Desktop, world: &World, name: &str) -> App {
    let invite = world.invite_link(Some("Wang Fang")).await;
    let app = App::start(desktop, name, "zh_CN", &[&invite]).await;
    join_as(&app, "罗莎", PASSWORD).await;
    app.click("contact-row").await;
    app.wait_focus("composer").await;
    app.wait_focused().await;
    app
}

async fn compose_on(screen: Screen) {
    let mut desktop = Desktop::start_on(screen, KeyringKind::Unlocked);
    desktop.start_input_method();
    let world = World::start().await;
    let wang = world.join("Wang Fang").await;
    let name = format!("pinyin-{}", screen.scale);
    let app = in_a_conversation(&desktop, &world, &name).await;
    app.choose_input_method(&desktop, PINYIN).await;

    // U41: the candidates are at the caret, and what is being composed is not text yet.
    let offered = app.compose("nihao").await;
    desktop.screenshot(&shot(&format!("{name}-1-composer.png")));
    assert_at_caret(&app, offered).await;
    assert_eq!(app.value("composer").await, "");

    // U40: Enter while composing takes the letters and sends nothing, the next one sends.
    app.press("Return");
    app.wait_composed().await;
    wait_value(&app, "composer", "nihao").await;
    assert_eq!(app.count(&test_id("message")).await, 0);
    app.press("Return");
    wait_sent(&app, &["nihao"]).await;

    // A character is chosen by space, the next ones are offered behind it.
    app.compose("nihao").await;
    app.press("space");
    app.wait_composed().await;
    wait_value(&app, "composer", "你好").await;
    let offered = app.compose("shijie").await;
    assert_at_caret(&app, offered).await;

    // U43: the focus goes while something is composed. What was text stays.
    app.click("open-search").await;
    app.wait_focus("search-input").await;
    app.wait_composed().await;

    // U41: the same in the search field. U42: Escape takes back what is composed and
    // leaves the rest alone.
    let offered = app.compose("nihao").await;
    desktop.screenshot(&shot(&format!("{name}-2-search.png")));
    assert_at_caret(&app, offered).await;
    app.press("Escape");
    app.wait_composed().await;
    app.wait_focus("search-input").await;
    assert_eq!(app.value("search-input").await, "");
    app.compose("nihao").await;
    app.press("1");
    app.wait_composed().await;
    wait_value(&app, "search-input", "你好").await;

    app.click("open-chats").await;
    app.click("composer").await;
    app.wait_focus("composer").await;
    wait_value(&app, "composer", "你好").await;
    app.press("Return");
    wait_sent(&app, &["nihao", "你好"]).await;
    in_a_dialog(&app).await;
    drop(wang);
    app.quit().await;
}

/// U40, U42: in a dialog Enter is its button and Escape leaves it. Neither does while
/// something is composed.
async fn in_a_dialog(app: &App) {
    app.click("open-contacts").await;
    app.click("contacts-menu").await;
    app.click("menu-new-room").await;
    app.click("new-room-next").await;
    app.wait_focus("new-room-name").await;
    let offered = app.compose("nihao").await;
    assert_at_caret(app, offered).await;
    app.press("Escape");
    app.wait_composed().await;
    app.wait_focus("new-room-name").await;
    wait_value(app, "new-room-name", "").await;
    app.compose("nihao").await;
    app.press("Return");
    app.wait_composed().await;
    wait_value(app, "new-room-name", "nihao").await;
    app.wait_focus("new-room-name").await;
    app.press("Return");
    app.wait_gone(&test_id("new-room")).await;
    app.until("the room is open", async || {
        app.texts("h1").await == ["nihao"]
    })
    .await;
}

/// The candidates begin where the text goes on, below or above its line.
async fn assert_at_caret(app: &App, [x, y, _, height]: [i32; 4]) {
    let caret = app.texts_by(CARET).await;
    let [left, top, bottom] = [0, 1, 2].map(|place| caret[place].parse::<f64>().unwrap());
    let [window_x, window_y, ..] = app.page_place();
    let (x, y) = (f64::from(x - window_x), f64::from(y - window_y));
    let height = f64::from(height);
    let places = format!("candidates {x} {y} {height}, caret {left} {top} {bottom}");
    assert!((x - left).abs() <= 12.0, "{places}");
    let below = y >= top && y <= bottom + 12.0;
    let above = y + height >= top - 12.0 && y + height <= bottom;
    assert!(below || above, "{places}");
}

/// Waits for the window of candidates to be as high as that.
async fn wait_height(app: &App, what: &str, is_it: impl Fn(i32) -> bool) {
    app.until(&format!("{what} is offered"), async || {
        app.candidates().is_some_and(|[.., height]| is_it(height))
    })
    .await;
}

async fn wait_value(app: &App, id: &str, value: &str) {
    app.until(&format!("{id} holds {value:?}"), async || {
        app.value(id).await == value
    })
    .await;
}

async fn wait_sent(app: &App, texts: &[&str]) {
    app.until(&format!("{texts:?} are there"), async || {
        app.texts(&test_id("message-text")).await == texts
    })
    .await;
}

fn shot(name: &str) -> std::path::PathBuf {
    system_tests::processes::required("STARTALK_SHOTS").join(name)
}
