//! Input that harms, by the thousand: mutated from a corpus of what clients
//! say, the same for the same seed.
//!
//! * [`parser`]: the cutting and reading of a stream, in this process
//! * [`stanzas`]: the running server, over a socket
//!
//! Stable Rust and no instrumentation: what it finds it finds by knowing the
//! grammar, not by watching the code.

mod mutate;
pub mod parser;
pub mod stanzas;

use std::path::Path;

/// Examples of what clients say, in the order of their names.
///
/// # Panics
/// If the corpus cannot be read.
#[must_use]
pub fn corpus() -> Vec<String> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("corpus");
    let mut files: Vec<_> = std::fs::read_dir(folder)
        .expect("the corpus is there")
        .map(|entry| entry.expect("readable").path())
        .collect();
    files.sort();
    files
        .iter()
        .map(|file| {
            std::fs::read_to_string(file)
                .expect("text")
                .trim()
                .to_owned()
        })
        .collect()
}
