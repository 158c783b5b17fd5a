//! Files that somebody else made: nothing of them may harm.

use std::io::Write;

use crate::program::Desk;

const HEAD: &str = "<server-data xmlns='urn:xmpp:pie:0'><host jid='team.internal'>";
const USER: &str = "<user name='rosa'>";

#[test]
fn what_is_no_export_is_refused_in_one_sentence() {
    let deep = "<a>".repeat(5000);
    let nested = format!("{HEAD}{USER}<account xmlns='urn:startalk:export:0'>{deep}");
    let attributes: String = (0..200).map(|n| format!(" a{n}=''")).collect();
    let cases = [
        ("".to_owned(), "no host"),
        ("not xml".to_owned(), "no host"),
        ("<html/>".to_owned(), "not an export"),
        (
            "<server-data xmlns='urn:xmpp:pie:0'/>".to_owned(),
            "no host",
        ),
        (format!("{HEAD}{USER}"), "ends in the middle"),
        (format!("{HEAD}</user>"), ""),
        (format!("{HEAD}<user name='a' name='b'/>"), ""),
        (format!("{HEAD}<x:y/></host></server-data>"), "x"),
        (
            format!("<!DOCTYPE x [<!ENTITY a 'aa'>]>{HEAD}"),
            "document types",
        ),
        (
            format!("{HEAD}{USER}<account xmlns='urn:startalk:export:0'>&a;"),
            "entities",
        ),
        (
            format!("{HEAD}{USER}<account xmlns='urn:startalk:export:0' name='&a;'/>"),
            "",
        ),
        (
            format!("<?xml version='1.0' encoding='UTF-16'?>{HEAD}"),
            "UTF-8",
        ),
        (nested, "too deep"),
        (format!("{HEAD}<other>{deep}"), "too deep"),
        (format!("{HEAD}<user{attributes}/>"), "too many attributes"),
        (
            "<server-data xmlns='urn:xmpp:pie:0'><host jid='a b'/></server-data>".to_owned(),
            "no domain",
        ),
    ];
    let desk = Desk::new();
    for (text, why) in cases {
        let path = desk.file("bad.xml", &text);
        let said = desk.run(&["import", &path], "data");
        let sentence = said.refused(6);
        assert!(sentence.contains(why), "{text:.80}: {sentence}");
        assert!(sentence.contains("bad.xml, byte "), "{sentence}");
    }
    desk.run(&["import", &desk.text("none.xml")], "data")
        .refused(3);
}

#[test]
fn what_is_large_is_refused_before_it_fills_the_memory() {
    let desk = Desk::with(&[]);
    let path = desk.text("large.xml");
    let element = "<account xmlns='urn:startalk:export:0' ";
    for (start, filler, count) in [
        // One text, one attribute, one name, many tags.
        (format!("{element}>"), "xxxxxxxxxxxxxxxx".repeat(4096), 400),
        (
            format!("{element} name='"),
            "xxxxxxxxxxxxxxxx".repeat(4096),
            400,
        ),
        ("<".to_owned(), "xxxxxxxxxxxxxxxx".repeat(4096), 400),
        (format!("{element}>"), "<a/>".repeat(4096), 40),
    ] {
        let mut file = std::io::BufWriter::new(std::fs::File::create(&path).unwrap());
        file.write_all(format!("{HEAD}{USER}{start}").as_bytes())
            .unwrap();
        for _ in 0..count {
            file.write_all(filler.as_bytes()).unwrap();
        }
        file.flush().unwrap();
        let said = desk.run(&["import", &path], "data");
        assert!(said.refused(6).contains("too"), "{start}: {said:?}");
    }
    // A user who was not read to the end is not there.
    assert_eq!(desk.ok(&["user", "list"], "data"), serde_json::json!([]));
}

#[test]
fn users_before_the_damage_stay() {
    let desk = Desk::with(&[]);
    let text = format!("{HEAD}<user name='bob'/>{USER}<vCard>");
    let path = desk.file("bad.xml", &text);
    desk.run(&["import", &path], "data").refused(6);
    let users = desk.ok(&["user", "list"], "data");
    assert_eq!(users[0]["user"], "bob");
    assert_eq!(users.as_array().unwrap().len(), 1);
}

#[test]
fn damaged_parts_do_not_stop_the_rest() {
    let desk = Desk::with(&[]);
    let text = format!(
        "{HEAD}<rooms xmlns='urn:startalk:export:0' jid='conference.elsewhere'><room name='x'/></rooms>\
         <user name='rosa'><scram-credentials xmlns='urn:xmpp:pie:0#scram' mechanism='SCRAM-SHA-1'>\
         <salt>***</salt></scram-credentials>\
         <archive xmlns='urn:xmpp:pie:0#mam'><result xmlns='urn:xmpp:mam:2' id='1'/>\
         <result xmlns='urn:xmpp:mam:2' id='2'><forwarded xmlns='urn:xmpp:forward:0'>\
         <delay xmlns='urn:xmpp:delay' stamp='yesterday'/><message xmlns='jabber:client'/>\
         </forwarded></result></archive></user></host></server-data>"
    );
    let path = desk.file("odd.xml", &text);
    let done = desk.ok(&["import", &path], "data");
    assert_eq!(done["users_added"], 1);
    assert_eq!(done["messages_refused"], 2);
    assert_eq!(done["without_password"], serde_json::json!(["rosa"]));
    assert_eq!(done["rooms_added"], 0);
}
