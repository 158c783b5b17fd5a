//! What `tauri.conf.json` and the capability allow, read from the files that are
//! built in.

use std::collections::BTreeSet;

use serde_json::Value;

use crate::paths::Paths;

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

#[test]
fn u56_a_signed_app_may_ask_for_the_microphone_on_macos() {
    let configuration = json(CONFIGURATION);
    let macos = &configuration["bundle"]["macOS"];
    assert!(include_str!("../Info.plist").contains("<key>NSMicrophoneUsageDescription</key>"));
    assert_eq!(macos["entitlements"], "Entitlements.plist");
    let (_, entitled) = include_str!("../Entitlements.plist")
        .split_once("<key>com.apple.security.device.audio-input</key>")
        .unwrap();
    assert!(entitled.trim_start().starts_with("<true/>"));
    // Where nobody signs it is signed all the same, or macOS calls it damaged.
    assert_eq!(macos["signingIdentity"], "-");
}

#[test]
fn u120_packages_are_signed_as_the_program_wants_it() {
    let configuration = json(CONFIGURATION);
    let updater = &configuration["plugins"]["updater"];
    assert_eq!(updater["requireSignedVersion"], true);
    let how = include_str!("../../docs/updates.md");
    for (at, _) in how.match_indices("tauri signer sign") {
        let command = how.split_at(at).1.split('`').next().unwrap();
        assert!(command.contains(" --app-version "), "{command}");
    }
}

#[test]
fn the_uninstaller_keeps_the_server_of_a_team() {
    let configuration = json(CONFIGURATION);
    let nsis = &configuration["bundle"]["windows"]["nsis"];
    assert_eq!(nsis["installerHooks"], "installer-hooks.nsh");
    let hooks = include_str!("../installer-hooks.nsh");
    let hook = |name: &str| {
        let (_, rest) = hooks.split_once(&format!("!macro {name}\n")).unwrap();
        rest.split_once("!macroend").unwrap().0
    };
    let leaving = hook("NSIS_HOOK_PREUNINSTALL");
    let coming = hook("NSIS_HOOK_POSTINSTALL");
    let home = Paths::new(crate::IDENTIFIER.into());
    for (ours, kept) in [
        (home.server(), "im.startalk.server-kept"),
        (home.server_settings(), "im.startalk.server-kept.json"),
    ] {
        let ours = ours.to_str().unwrap().replace('/', r"\");
        let ours = format!(r#""$LOCALAPPDATA\{ours}""#);
        let kept = format!(r#""$LOCALAPPDATA\{kept}""#);
        assert!(leaving.contains(&format!("Rename {ours} {kept}")), "{ours}");
        assert!(coming.contains(&format!("Rename {kept} {ours}")), "{kept}");
    }
    // Only where it would be deleted, and not by a new version.
    for condition in ["$DeleteAppDataCheckboxState = 1", "$UpdateMode <> 1"] {
        assert!(leaving.contains(condition), "{condition}");
    }
}
