//! What may be logged.

use tracing_subscriber::EnvFilter;

/// Says everything that passes by, word by word: texts and passwords.
const TALKATIVE: &str = "tungstenite";

/// A filter for logs, from the usual text (`info`, `startalk_server_lite=trace`).
/// Our own code logs no message and no secret at any level; the libraries that
/// would are held at `info`, whatever the text says.
#[must_use]
pub fn log_filter(text: &str) -> EnvFilter {
    let others = text
        .split(',')
        .filter(|directive| !directive.contains(TALKATIVE))
        .collect::<Vec<_>>()
        .join(",");
    ["tungstenite=info", "tokio_tungstenite=info"]
        .iter()
        .filter_map(|directive| directive.parse().ok())
        .fold(EnvFilter::new(others), EnvFilter::add_directive)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn libraries_that_say_too_much_cannot_be_made_to() {
        for text in [
            "trace",
            "tungstenite=trace",
            "debug,tungstenite::protocol=trace",
            "",
        ] {
            let filter = log_filter(text).to_string();
            let said: Vec<_> = filter
                .split(',')
                .filter(|directive| directive.contains(TALKATIVE))
                .collect();
            assert_eq!(said.len(), 2, "{filter}");
            assert!(said.iter().all(|directive| directive.ends_with("=info")));
        }
        assert!(log_filter("debug").to_string().contains("debug"));
    }
}
