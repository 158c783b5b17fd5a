//! How large the built UI is.

use std::io::Write;
use std::path::Path;
use std::process::{Command, Stdio};

use system_tests::processes::required;
use system_tests::search::files;

use crate::table::Table;

/// What the page names itself is loaded at each start; the rest when it is wanted.
pub(crate) fn measure(table: &mut Table) {
    let folder = required("STARTALK_UI");
    let page = std::fs::read_to_string(folder.join("index.html")).expect("the UI is built");
    let (mut at_start, mut later) = (0, 0);
    for file in files(&folder) {
        let size = compressed(&file);
        let name = file.file_name().unwrap_or_default().to_string_lossy();
        if name == "index.html" || page.contains(&*name) {
            at_start += size;
        } else {
            later += size;
        }
    }
    table.row(
        "UI that is loaded at start, gzipped",
        "kB",
        kilobytes(at_start),
        Some(250.0),
        format!("{:.0} kB more when it is wanted", kilobytes(later)),
    );
}

fn kilobytes(bytes: usize) -> f64 {
    f64::from(u32::try_from(bytes).expect("not that large")) / 1_000.0
}

fn compressed(file: &Path) -> usize {
    let bytes = std::fs::read(file).expect("a file");
    let mut gzip = Command::new("gzip")
        .args(["-9", "-n", "-c"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .expect("gzip is there");
    let mut input = gzip.stdin.take().expect("piped");
    let writer = std::thread::spawn(move || input.write_all(&bytes));
    let output = gzip.wait_with_output().expect("it ends");
    writer.join().expect("no panic").expect("it reads");
    output.stdout.len()
}
