//! What `tauri.conf.json` and the capability allow, read from the files that are
//! built in.

use std::collections::BTreeSet;

use serde_json::Value;

const CONFIGURATION: &str = include_str!("../tauri.conf.json");
const CAPABILITY: &str = include_str!("../capabilities/main-window.json");
const BUILD: &str = include_str!("../build.rs");
const HANDLER: &str = include_str!("lib.rs");

fn json(text: &str) -> Value {
    serde_json::from_str(text).unwrap()
}

#[test]
fn the_page_runs_our_code_alone_and_reaches_nobody() {
    let configuration = json(CONFIGURATION);
    let security = &configuration["app"]["security"];
    let policy = security["csp"].as_object().unwrap();
    let sources = |directive: &str| {
        let text = policy.get(directive).and_then(Value::as_str);
        text.unwrap_or_else(|| panic!("no {directive}"))
            .split_whitespace()
            .collect::<Vec<_>>()
    };
    assert_eq!(sources("default-src"), ["'none'"]);
    assert_eq!(sources("script-src"), ["'self'"]);
    assert_eq!(sources("connect-src"), ["ipc:", "http://ipc.localhost"]);
    // What `default-src` does not cover.
    for directive in ["base-uri", "form-action", "frame-ancestors", "object-src"] {
        assert_eq!(sources(directive), ["'none'"], "{directive}");
    }
    let local = [
        "'self'",
        "'none'",
        "'unsafe-inline'",
        "data:",
        "blob:",
        "ipc:",
        "http://ipc.localhost",
    ];
    for directive in policy.keys() {
        for source in sources(directive) {
            assert!(local.contains(&source), "{directive} {source}");
            let inline = source == "'unsafe-inline'";
            assert!(!inline || directive == "style-src", "{directive} {source}");
        }
    }
    assert_eq!(security["freezePrototype"], true);
    assert!(
        security
            .get("dangerousDisableAssetCspModification")
            .is_none()
    );
    assert!(security.get("assetProtocol").is_none());
    assert!(configuration["app"].get("withGlobalTauri").is_none());
}

#[test]
fn the_window_may_do_what_is_listed_and_no_more() {
    let capability = json(CAPABILITY);
    assert_eq!(capability["windows"], serde_json::json!(["main"]));
    assert!(capability.get("remote").is_none(), "no page from elsewhere");
    let allowed: BTreeSet<String> = capability["permissions"]
        .as_array()
        .unwrap()
        .iter()
        .map(|permission| permission.as_str().unwrap().to_owned())
        .collect();
    let between = |text: &'static str, start: &str, end: &str| {
        let (_, rest) = text.split_once(start).unwrap();
        rest.split_once(end).unwrap().0
    };
    let listed = between(BUILD, "&[&str] = &[", "];");
    let commands: BTreeSet<String> = listed
        .split(',')
        .map(|name| name.trim().trim_matches('"').to_owned())
        .filter(|name| !name.is_empty())
        .collect();
    let handled: BTreeSet<String> = between(HANDLER, "generate_handler![", "]")
        .split(',')
        .filter_map(|path| path.trim().rsplit("::").next().map(str::to_owned))
        .filter(|name| !name.is_empty())
        .collect();
    assert_eq!(
        commands, handled,
        "a command without a line in build.rs, or the other way"
    );
    let expected: BTreeSet<String> = commands
        .iter()
        .map(|name| format!("allow-{}", name.replace('_', "-")))
        .collect();
    assert_eq!(allowed, expected);
}

#[test]
fn u06_the_packages_take_both_kinds_of_links() {
    let desktop_file = include_str!("../startalk.desktop");
    let configuration = json(CONFIGURATION);
    let schemes = &configuration["plugins"]["deep-link"]["desktop"]["schemes"];
    assert_eq!(schemes, &serde_json::json!(["startalk", "xmpp"]));
    for scheme in ["startalk", "xmpp"] {
        assert!(desktop_file.contains(&format!("x-scheme-handler/{scheme};")));
    }
    assert!(desktop_file.contains("Exec={{exec}} %u"));
}
