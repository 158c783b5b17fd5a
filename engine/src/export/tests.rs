use std::io::Read;

use super::*;
use crate::store::export::Attachment;
use crate::store::messages::State;

fn labels() -> ExportLabels {
    ExportLabels {
        language: "zh-CN".into(),
        time_zone: "Asia/Shanghai".into(),
        exported: "导出于".into(),
        edited: "已编辑".into(),
        retracted: "已撤回".into(),
        not_sent: "未发送".into(),
        file: "文件".into(),
    }
}

fn head() -> Head {
    Head {
        conversation: "bob@a".into(),
        name: "Bob <b>\"&'".into(),
        account: "me@a".into(),
        exported_ms: 1_700_000_000_000,
        labels: labels(),
    }
}

fn row(id: i64, text: &str) -> Row {
    Row {
        id,
        position: id,
        kind: "text".into(),
        outgoing: false,
        author: "bob@a".into(),
        author_name: "Bob".into(),
        text: text.into(),
        time_ms: 1_700_000_000_000 + id * 1000,
        edited_ms: None,
        retracted: false,
        state: State::Sent,
        reply_to: None,
        reference: Some(format!("o{id}")),
        attachments: Vec::new(),
    }
}

fn files(folder: &Path) -> Vec<String> {
    let mut names: Vec<_> = fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().file_name().to_string_lossy().into_owned())
        .collect();
    names.sort();
    names
}

fn export(format: ExportFormat, rows: &[Row]) -> String {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("talk");
    let mut export = Export::begin(&path, format, head()).unwrap();
    for row in rows {
        export.message(row, &[]).unwrap();
    }
    assert!(!path.exists(), "it appears when it is whole");
    export.finish().unwrap();
    assert_eq!(files(folder.path()), ["talk"]);
    fs::read_to_string(path).unwrap()
}

#[test]
fn json_is_one_value_with_all_messages() {
    let empty: serde_json::Value = serde_json::from_str(&export(ExportFormat::Json, &[])).unwrap();
    assert_eq!(empty["messages"], serde_json::json!([]));
    let mut second = row(2, "two\n\"quoted\" 你好");
    second.outgoing = true;
    second.state = State::Failed("x".into());
    let text = export(ExportFormat::Json, &[row(1, "one"), second]);
    let value: serde_json::Value = serde_json::from_str(&text).unwrap();
    assert_eq!(value["name"], "Bob <b>\"&'");
    assert_eq!(value["messages"][1]["text"], "two\n\"quoted\" 你好");
    assert_eq!(value["messages"][1]["state"], "failed");
    assert_eq!(value["messages"][0]["state"], serde_json::Value::Null);
    assert_eq!(value["messages"][0]["id"], "o1");
}

#[test]
fn a_page_shows_texts_and_runs_nothing_of_them() {
    let mut edited = row(2, "<script>alert('x')</script>\n& \"more\"");
    edited.edited_ms = Some(1);
    let mut gone = row(3, "");
    gone.retracted = true;
    let mut next_day = row(4, "later");
    next_day.time_ms += 24 * 3600 * 1000;
    next_day.author_name = "<i>".into();
    next_day.attachments = vec![
        Attachment {
            url: Some("javascript:alert(1)".into()),
            name: Some("<evil>".into()),
            ..Attachment::default()
        },
        Attachment {
            url: Some("https://a/\"><script>".into()),
            ..Attachment::default()
        },
    ];
    let page = export(ExportFormat::Html, &[row(1, "one"), edited, gone, next_day]);
    assert!(
        !page.contains("<script") && !page.contains("javascript:"),
        "{page}"
    );
    assert!(!page.contains("<i>") && !page.contains("<evil>"));
    assert!(page.contains("&lt;script&gt;alert(&#39;x&#39;)"));
    assert!(page.contains("https://a/&quot;&gt;&lt;script&gt;"));
    assert!(page.contains("<title>Bob &lt;b&gt;&quot;&amp;&#39;</title>"));
    assert!(page.contains("lang=\"zh-CN\"") && page.contains("default-src 'none'"));
    for label in ["导出于", "已编辑", "已撤回", "文件"] {
        assert!(page.contains(label), "{label}");
    }
    // In the zone of the reader: 22:13 UTC is the next day there.
    assert!(page.contains("<h2>2023-11-15</h2>") && page.contains("<h2>2023-11-16</h2>"));
    assert_eq!(page.matches("<h2>").count(), 2);
    assert!(page.ends_with("</html>\n"));
}

#[test]
fn attachments_lie_beside_it_under_safe_names() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("talk.html");
    fs::create_dir(folder.path().join("talk-files")).unwrap();
    let mut with_file = row(1, "");
    with_file.attachments = vec![Attachment {
        name: Some("../../图 1.png".into()),
        media_type: Some("image/png".into()),
        ..Attachment::default()
    }];
    let mut export = Export::begin(&path, ExportFormat::Html, head()).unwrap();
    let (mut file, path_of) = export.attach(Some("../../图 1.png")).unwrap();
    file.write_all(b"bytes").unwrap();
    assert_eq!(path_of, "talk-files-2/0001-图 1.png");
    let copied = [Copied {
        place: 0,
        path: path_of.clone(),
    }];
    export.message(&with_file, &copied).unwrap();
    export.finish().unwrap();
    let page = fs::read_to_string(&path).unwrap();
    assert!(page.contains("<img src=\"talk-files-2/0001-%E5%9B%BE%201.png\""));
    let mut bytes = String::new();
    File::open(folder.path().join(path_of))
        .unwrap()
        .read_to_string(&mut bytes)
        .unwrap();
    assert_eq!(bytes, "bytes");
    assert_eq!(
        files(folder.path()),
        ["talk-files", "talk-files-2", "talk.html"]
    );
}

#[test]
fn what_is_not_finished_leaves_nothing_and_spoils_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("talk.json");
    fs::write(&path, "before").unwrap();
    let mut export = Export::begin(&path, ExportFormat::Json, head()).unwrap();
    export.attach(None).unwrap();
    export.message(&row(1, "one"), &[]).unwrap();
    drop(export);
    assert_eq!(files(folder.path()), ["talk.json"]);
    assert_eq!(fs::read_to_string(&path).unwrap(), "before");
    assert!(Export::begin(Path::new("relative"), ExportFormat::Json, head()).is_err());
    let nowhere = folder.path().join("none/talk.json");
    assert!(Export::begin(&nowhere, ExportFormat::Json, head()).is_err());
}
