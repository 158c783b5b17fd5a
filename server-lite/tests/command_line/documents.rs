//! `docs/server.md` says what the program does.

use crate::program::{Desk, run};

fn document() -> String {
    let path = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/server.md");
    std::fs::read_to_string(path).unwrap()
}

/// The commands that help lists.
fn commands(help: &str) -> Vec<String> {
    help.lines()
        .skip_while(|line| !line.starts_with("Commands:"))
        .skip(1)
        .take_while(|line| line.starts_with("  "))
        .filter(|line| !line.starts_with("   "))
        .filter_map(|line| line.split_whitespace().next())
        .filter(|word| *word != "help")
        .map(str::to_owned)
        .collect()
}

/// The long options that help lists.
fn options(help: &str) -> Vec<String> {
    let words = help.split_whitespace();
    let options = words.filter(|word| word.starts_with("--") && word.len() > 2);
    options
        .map(|word| {
            word.trim_end_matches(|c: char| !c.is_alphanumeric())
                .to_owned()
        })
        .collect()
}

#[test]
fn every_command_and_option_is_described() {
    let document = document();
    let top = commands(&run(&["--help"], "").out);
    assert!(top.len() >= 10, "{top:?}");
    for command in &top {
        let help = run(&[command, "--help"], "").out;
        let mut helps = vec![help.clone()];
        for inner in commands(&help) {
            let name = format!("{command} {inner}");
            assert!(
                document.contains(&format!("`{name}")),
                "{name} is not described"
            );
            helps.push(run(&[command, &inner, "--help"], "").out);
        }
        assert!(
            document.contains(&format!("`{command}")),
            "{command} is not described"
        );
        for option in helps.iter().flat_map(|help| options(help)) {
            let known = ["--help", "--version"].contains(&option.as_str());
            assert!(
                known || document.contains(&option),
                "{option} is not described"
            );
        }
    }
}

#[test]
fn every_key_of_an_answer_is_described() {
    let document = document();
    let desk = Desk::with(&["rosa"]);
    let (backup, export) = (desk.text("team.backup"), desk.text("team.xml"));
    let server = desk.serve("data");
    for args in [
        &["status"][..],
        &["check"],
        &["user", "list"],
        &["invite", "create"],
        &["invite", "list"],
        &["backup", &backup],
        &["export", &export],
        &["import", &export],
    ] {
        let answer = desk.ok(args, "data");
        let object = answer.get(0).unwrap_or(&answer).as_object().unwrap();
        for key in object.keys() {
            assert!(document.contains(&format!("\"{key}\"")), "{args:?}: {key}");
        }
    }
    server.stop();
    for key in desk
        .ok(&["restore", &backup], "again")
        .as_object()
        .unwrap()
        .keys()
    {
        assert!(document.contains(&format!("\"{key}\"")), "restore: {key}");
    }
}
