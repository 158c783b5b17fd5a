//! What the example says of tables whose types are their own: files,
//! notifications, contact addresses.

use super::keys::{Key, LIMIT_KEYS};

const fn key(name: &'static str, example: &'static str, doc: &'static [&'static str]) -> Key {
    Key { name, doc, example }
}

const FILES: &[Key] = &[
    key(
        "enabled",
        "true",
        &[" Whether files can be uploaded at all."],
    ),
    key("max_file_bytes", "104857600", &[" Largest file."]),
    key(
        "account_bytes",
        "5368709120",
        &[" All files of one account. The same bytes sent by two people count for both."],
    ),
    key("total_bytes", "53687091200", &[" All files on the disk."]),
    key(
        "types",
        "\"any\"",
        &[
            " Which kinds are taken: \"any\", { allow = [\"image/*\", \".pdf\"] } or",
            " { block = [\".exe\"] }.",
        ],
    ),
    key(
        "keep_days",
        "365",
        &[" For how many days they are kept; without it, forever."],
    ),
    key(
        "slot_seconds",
        "300",
        &[" Seconds after which an upload that was asked for may no longer begin."],
    ),
];

const PUSH: &[Key] = &[
    key(
        "webhooks",
        "[\"https://hooks.example.org/chat\"]",
        &[" Addresses that hear of messages to anybody."],
    ),
    key(
        "secret",
        "\"a long secret\"",
        &[" What these are signed with."],
    ),
    key(
        "personal_webhooks",
        "\"off\"",
        &[
            " Which addresses people may set for themselves: \"off\", \"any\" or",
            " { hosts = [\"hooks.example.org\"] }.",
        ],
    ),
    key(
        "with_sender",
        "false",
        &[" Whether notifications say who has written."],
    ),
    key(
        "with_body",
        "false",
        &[" Whether notifications say what was written."],
    ),
    key(
        "allow_private",
        "false",
        &[
            " Whether webhooks may be at addresses of this machine and its networks,",
            " and without TLS. Who may set one can then reach what is only for them.",
        ],
    ),
];

const CONTACTS: &[Key] = &[
    key("abuse", "[\"mailto:abuse@example.org\"]", &[]),
    key("admin", "[\"xmpp:admin@chat.example.org\"]", &[]),
    key("feedback", "[]", &[]),
    key("sales", "[]", &[]),
    key("security", "[]", &[]),
    key("status", "[]", &[]),
    key("support", "[]", &[]),
];

/// The keys of a table.
pub(super) fn keys_of(table: &str) -> &'static [Key] {
    match table {
        "files" => FILES,
        "push" => PUSH,
        "contacts" => CONTACTS,
        "limits" => LIMIT_KEYS,
        _ => &[],
    }
}
