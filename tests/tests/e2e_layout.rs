//! The real window small and large, at other sizes of the page and of the screen, and
//! started with the network unplugged.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a panic with its place is the report"
)]

use std::time::Instant;

use system_tests::window::{App, Desktop, KeyringKind, join_as, test_id};
use system_tests::world::World;

const PASSWORD: &str = "layout-Geheimnis-4711";
const LAST: &str = "最后一句 and the last one";

/// Longest time until list and conversation are painted. A second is what people are to
/// wait at most for the program that they have; this one is not optimised, and runs
/// beside its driver and an X server that draws without a graphics card.
const FIRST_PAINT_MS: f64 = 5_000.0;

/// What goes beyond the window or its own frame: the page or a part of it that scrolls
/// sideways (but for code), controls outside of the window, buttons narrower than
/// their words.
const CUT: &str = r#"
    const found = [];
    const name = (e) => `${e.tagName} ${e.dataset.testid ?? ''} ${e.className} ${e.innerText ?? ''}`.slice(0, 90);
    const page = document.scrollingElement;
    if (page.scrollWidth > page.clientWidth) found.push('the page scrolls');
    for (const e of document.querySelectorAll('body *')) {
        if (!e.checkVisibility({ visibilityProperty: true }) || e.clientWidth < 2) continue;
        const wide = e.scrollWidth > e.clientWidth + 1;
        const flows = getComputedStyle(e).overflowX;
        if (wide && /auto|scroll/.test(flows) && !e.closest('pre, code, textarea, input'))
            found.push(`scrolls: ${name(e)}`);
        const says = [...e.childNodes].some((node) => node.nodeType === 3 && node.data.trim() !== '');
        if (wide && says && e.matches('button') && flows === 'visible') found.push(`narrow: ${name(e)}`);
        const box = e.getBoundingClientRect();
        if (e.matches('button, input, textarea, select, h1, h2') && (box.left < -1 || box.right > innerWidth + 1))
            found.push(`outside: ${name(e)}`);
    }
    return found"#;

/// U02, U04, U10.
#[tokio::test(flavor = "multi_thread")]
async fn small_large_and_without_a_network() {
    let desktop = Desktop::start(KeyringKind::Unlocked);
    let mut world = World::start().await;
    let wang = world.join("Wang Fang").await;
    let invite = world.invite_link(Some("Wang Fang")).await;
    let app = App::start(&desktop, "layout", "en_US", &[&invite]).await;
    join_as(&app, "Rosa", PASSWORD).await;
    app.click("contact-row").await;
    app.wait_for(&test_id("conversation-row")).await;
    let with = app
        .attributes(&test_id("conversation-row"), "data-conversation")
        .await;
    let domain = with[0].split('@').nth(1).unwrap().to_owned();
    let long = "w".repeat(300);
    let link = format!("https://example.com/{}", "path/".repeat(60));
    let code = format!("```rust\nlet x = \"{}\";\n```", "y".repeat(200));
    for text in ["短", &long, &link, &code, LAST] {
        wang.send_to(&format!("rosa@{domain}"), text).await;
    }
    wait_last(&app).await;

    // U04.
    app.place(0, 0, 800, 600);
    look_at_all(&app, "800x600").await;

    // U10: the whole page, from 80 to 150 %, and back.
    app.place(0, 0, 1080, 720);
    for (keys, percent) in [
        ("ctrl+minus", 80.0),
        ("ctrl+equal", 150.0),
        ("ctrl+0", 100.0),
    ] {
        app.until(&format!("{percent} %"), async || {
            let width = app.number("return innerWidth").await.unwrap_or_default();
            let reached = (1080.0 / width * 100.0 - percent).abs() < 0.6;
            if !reached {
                app.press(keys);
            }
            reached
        })
        .await;
        if percent != 100.0 {
            look_at_all(&app, &format!("{percent}%")).await;
        }
    }
    app.quit().await;

    // U02: the list and the conversation are there without a server. U04: at 200 %.
    world.stop_server().await;
    let program = system_tests::processes::required("STARTALK_BIN");
    let scale = [("GDK_SCALE", "2")];
    let began = Instant::now();
    let app = App::start_with(&desktop, program, "layout", "en_US", &[], &scale).await;
    app.wait_ready("main").await;
    app.wait_for(&test_id("conversation-row")).await;
    wait_last(&app).await;
    println!("list and conversation found after {:?}", began.elapsed());
    for mark in ["list-painted", "conversation-painted"] {
        let after = painted_after(&app, mark).await;
        println!("{mark} {after:.0} ms after the start");
        assert!(after < FIRST_PAINT_MS, "{mark} after {after:.0} ms");
    }
    assert_eq!(app.number("return devicePixelRatio").await, Some(2.0));
    look_at_all(&app, "200%").await;
    let shots = system_tests::processes::required("STARTALK_SHOTS");
    desktop.screenshot(&shots.join("layout-200%.png"));
    let [x, y, width, height] = app.page_place();
    assert!(
        x + width <= 1282 && y + height <= 800,
        "{x} {y} {width} {height}"
    );
    app.quit().await;
}

/// How long after the start of the program this was painted, in milliseconds.
async fn painted_after(app: &App, mark: &str) -> f64 {
    const DAY_MS: f64 = 86_400_000.0;
    let script = format!(
        "const [mark] = performance.getEntriesByName('{mark}'); \
         return mark ? performance.timeOrigin + mark.startTime : null"
    );
    let mut painted = None;
    app.until(&format!("the mark {mark}"), async || {
        painted = app.number(&script).await;
        painted.is_some()
    })
    .await;
    let log = app.log();
    let line = log.lines().find(|line| line.contains("start version="));
    // 2026-01-31T23:59:59.123456Z
    let time = line.unwrap().split(['T', 'Z']).nth(1).unwrap();
    let start = time
        .split(':')
        .fold(0.0, |sum, part| sum * 60.0 + part.parse::<f64>().unwrap());
    (painted.unwrap() - start * 1_000.0).rem_euclid(DAY_MS)
}

/// U09: the scale of the screen changes while the window is there, as it does when one
/// is moved to another screen. What is drawn then is what is drawn by a program that has
/// begun with that scale.
#[tokio::test(flavor = "multi_thread")]
async fn another_scale_is_drawn_as_if_it_had_always_been() {
    let mut desktop = Desktop::start(KeyringKind::Unlocked);
    desktop.start_settings();
    let app = App::start(&desktop, "scale", "en_US", &[]).await;
    app.wait_ready("welcome").await;
    wait_scale(&app, 1.0).await;
    nothing_is_cut(&app, "100%", "welcome").await;
    desktop.set_scale(2);
    wait_scale(&app, 2.0).await;
    nothing_is_cut(&app, "100% to 200%", "welcome").await;
    let changed = picture(&app, "1-changed").await;
    app.quit().await;

    let app = App::start(&desktop, "scale", "en_US", &[]).await;
    app.wait_ready("welcome").await;
    wait_scale(&app, 2.0).await;
    let fresh = picture(&app, "2-fresh").await;
    assert_eq!(desktop.difference(&changed, &fresh), 0.0);
    desktop.set_scale(1);
    wait_scale(&app, 1.0).await;
    nothing_is_cut(&app, "200% to 100%", "welcome").await;
    app.quit().await;
}

async fn wait_scale(app: &App, scale: f64) {
    app.until(&format!("the page is drawn at {scale}"), async || {
        app.number("return devicePixelRatio").await == Some(scale)
    })
    .await;
}

/// A picture of the page, always of the same place and size.
async fn picture(app: &App, name: &str) -> std::path::PathBuf {
    app.place(0, 0, 1280, 760);
    app.until("the page has its size", async || {
        app.number("return innerWidth").await == Some(640.0)
    })
    .await;
    app.shot(name).await;
    let shots = system_tests::processes::required("STARTALK_SHOTS");
    shots.join(format!("scale-{name}.png"))
}

async fn wait_last(app: &App) {
    app.until("the last message is there", async || {
        let texts = app.texts(&test_id("message-text")).await;
        texts.last().is_some_and(|last| last == LAST)
    })
    .await;
}

/// Goes through the main screens; on none of them anything is cut.
async fn look_at_all(app: &App, size: &str) {
    choose(app, "open-chats").await;
    nothing_is_cut(app, size, "chats").await;
    choose(app, "toggle-details").await;
    nothing_is_cut(app, size, "details").await;
    choose(app, "toggle-details").await;
    choose(app, "emoji-open").await;
    nothing_is_cut(app, size, "emoji").await;
    app.press("Escape");
    app.press("ctrl+k");
    app.wait_focus("switcher-input").await;
    nothing_is_cut(app, size, "switcher").await;
    app.press("Escape");
    app.wait_gone(&test_id("switcher-input")).await;
    for section in ["search", "contacts", "files", "settings"] {
        choose(app, &format!("open-{section}")).await;
        nothing_is_cut(app, size, section).await;
    }
    let pages = app
        .attributes("nav [data-testid^='settings-']", "data-testid")
        .await;
    assert!(pages.len() > 5, "{pages:?}");
    for page in pages {
        choose(app, &page).await;
        nothing_is_cut(app, size, &page).await;
    }
    choose(app, "open-chats").await;
}

/// Clicks from within the page: the driver does not know where things are in a page of
/// another size, and in a small window the panel lies over its own button.
async fn choose(app: &App, id: &str) {
    app.wait_for(&test_id(id)).await;
    let click = "document.querySelector(arguments[0]).click()";
    app.run(click, vec![test_id(id).into()]).await;
}

async fn nothing_is_cut(app: &App, size: &str, screen: &str) {
    // Drawn, with what is loaded for it.
    let mut cut = Vec::new();
    for _ in 0..3 {
        app.number_later(
            "const done = arguments[0]; requestAnimationFrame(() => requestAnimationFrame(() => done(1)))",
            vec![],
        )
        .await;
        cut = app.texts_by(CUT).await;
        if cut.is_empty() {
            return;
        }
    }
    app.shot(&format!("cut-{size}-{screen}")).await;
    panic!("{size}, {screen}: {cut:#?}");
}
