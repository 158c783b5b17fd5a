//! `docs/protocol.md`, made of the list of modules.

use super::MODULES;

/// The table of what is followed, as Markdown.
#[must_use]
pub fn protocol_document() -> String {
    let mut rows: Vec<[&str; 3]> = MODULES
        .iter()
        .flat_map(|module| module.specs)
        .map(|spec| [spec.number, spec.title, spec.note])
        .collect();
    // XEPs by number; RFCs before them.
    rows.sort_unstable();
    rows.dedup();
    let mut text = String::from(
        "# What the server speaks\n\n\
         Made from the list of modules in `server-lite/src/modules.rs`; a test keeps it fresh\n\
         (`STARTALK_UPDATE=1 cargo test -p startalk-server-lite table` writes it anew).\n\n\
         | specification | title | left out, or done in another way |\n| --- | --- | --- |\n",
    );
    for [number, title, note] in rows {
        text.push_str(&format!("| {number} | {title} | {note} |\n"));
    }
    text
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;
    use std::path::Path;

    use super::*;

    #[test]
    fn the_checked_in_table_is_fresh() {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/protocol.md");
        if std::env::var_os("STARTALK_UPDATE").is_some() {
            std::fs::write(&path, protocol_document()).unwrap();
        }
        let kept = std::fs::read_to_string(&path).unwrap();
        assert_eq!(kept, protocol_document(), "STARTALK_UPDATE=1 writes it");
    }

    #[test]
    fn every_specification_is_listed_once_and_every_feature_by_one_module() {
        let mut numbers = BTreeSet::new();
        let mut features = BTreeSet::new();
        for module in MODULES {
            for spec in module.specs {
                assert!(numbers.insert(spec.number), "{} twice", spec.number);
            }
            for feature in module.server_features {
                assert!(features.insert(*feature), "{feature} twice");
            }
            assert_eq!(module.payloads.is_empty(), module.places.is_empty());
        }
    }
}
