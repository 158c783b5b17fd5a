//! Names that nobody may take by themselves: those that stand for an office,
//! and those that look like a colleague's. Administrators may give any.

use unicode_security::skeleton;

/// RFC 2142 and what people would take for the server itself.
const RESERVED: &[&str] = &[
    "abuse",
    "admin",
    "administrator",
    "all",
    "announcements",
    "everyone",
    "help",
    "here",
    "host",
    "hostmaster",
    "info",
    "mailer-daemon",
    "marketing",
    "moderator",
    "noc",
    "no-reply",
    "noreply",
    "nobody",
    "null",
    "operator",
    "owner",
    "postmaster",
    "root",
    "sales",
    "security",
    "server",
    "service",
    "startalk",
    "support",
    "sysadmin",
    "system",
    "team",
    "webmaster",
    "www",
    "xmpp",
];

/// What a name looks like (Unicode Technical Standard 39, section 4), without
/// what separates its parts.
fn look(name: &str) -> String {
    let lower = name.to_lowercase();
    let bare: String = lower
        .chars()
        .filter(|c| !matches!(c, '.' | '-' | '_'))
        .collect();
    // Once more in lower case: some look like a capital letter.
    skeleton(&bare).collect::<String>().to_lowercase()
}

/// Whether a name stands for an office, or looks like one that does.
pub(crate) fn is_reserved(name: &str) -> bool {
    let wanted = look(name);
    RESERVED.iter().any(|reserved| look(reserved) == wanted)
}

/// Whether two names would be taken for each other.
pub(crate) fn look_alike(one: &str, other: &str) -> bool {
    one != other && look(one) == look(other)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn offices_and_their_doubles() {
        for name in ["admin", "Admin", "аdmin", "no.reply", "suррort", "r00t"] {
            assert!(is_reserved(name), "{name}");
        }
        for name in ["rosa", "李娜", "admina", "roots"] {
            assert!(!is_reserved(name), "{name}");
        }
    }

    #[test]
    fn doubles_of_colleagues() {
        for (one, other) in [
            ("alice", "аlice"),
            ("alice", "a.lice"),
            ("bob1", "bobl"),
            ("li.na", "lina"),
        ] {
            assert!(look_alike(one, other), "{one} {other}");
        }
        for (one, other) in [("alice", "alice"), ("alice", "alicia"), ("李娜", "李那")] {
            assert!(!look_alike(one, other), "{one} {other}");
        }
    }
}
