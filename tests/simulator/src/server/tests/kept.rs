//! What is kept: archives, messages that wait, block lists, personal nodes.

use super::*;

#[test]
fn pages_of_the_archive_in_both_directions() {
    let mut server = server(|flavour| flavour.page = 2);
    let (mut anna, _) = Client::there(&mut server, "anna", "desk");
    for number in 1..=5 {
        anna.text(&mut server, "bela", &number.to_string());
    }
    let (texts, complete, last) = anna.page(&mut server, "<max>50</max>");
    assert_eq!(
        (texts, complete),
        (vec!["1".to_owned(), "2".to_owned()], false)
    );
    let after = format!("<after>{}</after>", last.unwrap());
    let (texts, complete, last) = anna.page(&mut server, &after);
    assert_eq!(
        (texts, complete),
        (vec!["3".to_owned(), "4".to_owned()], false)
    );
    let after = format!("<after>{}</after>", last.unwrap());
    let (texts, complete, last) = anna.page(&mut server, &after);
    assert_eq!((texts, complete), (vec!["5".to_owned()], true));
    let after = format!("<after>{}</after>", last.unwrap());
    assert_eq!(anna.page(&mut server, &after), (vec![], true, None));

    let (texts, complete, _) = anna.page(&mut server, "<before/>");
    assert_eq!(
        (texts, complete),
        (vec!["4".to_owned(), "5".to_owned()], false)
    );
    let fourth = server.accounts["anna"].archive[3].id.clone();
    let before = format!("<before>{fourth}</before><max>3</max>");
    let (texts, complete, _) = anna.page(&mut server, &before);
    assert_eq!(
        (texts, complete),
        (vec!["2".to_owned(), "3".to_owned()], false)
    );
    let second = server.accounts["anna"].archive[1].id.clone();
    let before = format!("<before>{second}</before>");
    let (texts, complete, _) = anna.page(&mut server, &before);
    assert_eq!((texts, complete), (vec!["1".to_owned()], true));
    let refused = anna.say(
        &mut server,
        "<iq type='set' id='q'><query xmlns='urn:xmpp:mam:2'>\
         <set xmlns='http://jabber.org/protocol/rsm'><after>gone</after></set></query></iq>",
    );
    assert_eq!(refused[0].attr("type"), Some("error"));
    assert!(
        refused[0]
            .children()
            .next()
            .unwrap()
            .has_child("item-not-found", ns::STANZA_ERRORS)
    );
}

#[test]
fn messages_wait_for_who_is_away_where_servers_do_that() {
    for offline in [false, true] {
        let mut server = server(|flavour| flavour.offline = offline);
        let (mut anna, _) = Client::there(&mut server, "anna", "desk");
        anna.text(&mut server, "bela", "1");
        let mut bela = Client::bound(&mut server, "bela", "desk");
        let heard = bela.say(
            &mut server,
            "<enable xmlns='urn:xmpp:sm:3' resume='true'/><presence/>",
        );
        let expected: &[&str] = if offline { &["1"] } else { &[] };
        assert_eq!(texts(&heard), expected);
        assert_eq!(
            heard
                .iter()
                .filter(|m| m.has_child("delay", ns::DELAY))
                .count(),
            expected.len()
        );
        // It does not say that it has it, and comes as another session.
        server.hang_up(bela.stream);
        let mut bela = Client::bound(&mut server, "bela", "desk");
        let heard = bela.say(&mut server, "<presence/>");
        assert_eq!(texts(&heard), expected);
        let id = server.accounts["bela"].archive[0].id.clone();
        assert!(heard.iter().filter_map(stanza_id).all(|found| found == id));
    }
}

#[test]
fn strangers_and_who_has_blocked_us_refuse() {
    let mut server = server(|_| ());
    let (mut anna, _) = Client::there(&mut server, "anna", "desk");
    let (mut bela, _) = Client::there(&mut server, "bela", "desk");
    anna.hear(&mut server);
    let is_refused = |heard: &[Element]| {
        let mut messages = heard.iter().filter(|stanza| stanza.name() == "message");
        messages.any(|message| message.attr("type") == Some("error"))
    };
    assert!(is_refused(&anna.text(&mut server, "nobody", "hi")));
    let block = "<iq type='set' id='1'><block xmlns='urn:xmpp:blocking'>\
                 <item jid='anna@sim.example'/></block></iq>";
    let is_told = |heard: &[Element]| {
        let mut sets = heard.iter().filter(|one| one.attr("type") == Some("set"));
        sets.any(|set| set.has_child("block", "urn:xmpp:blocking"))
    };
    // Only who has asked for the list hears of its changes (section 3.3).
    assert!(!is_told(&bela.say(&mut server, block)));
    let list = "<iq type='get' id='2'><blocklist xmlns='urn:xmpp:blocking'/></iq>";
    bela.say(&mut server, list);
    assert!(is_told(&bela.say(&mut server, block)));
    // Whoever blocks is gone for those it blocks (XEP-0191, section 3.3).
    assert!(is_refused(&anna.text(&mut server, "bela", "hi")));
    assert!(bela.hear(&mut server).is_empty());
    assert!(server.accounts["bela"].archive.is_empty());
}

#[test]
fn personal_nodes_keep_what_is_published_and_tell_the_other_devices() {
    let mut server = server(|_| ());
    let (mut anna, _) = Client::there(&mut server, "anna", "desk");
    let (mut phone, _) = Client::there(&mut server, "anna", "phone");
    phone.hear(&mut server);
    let pubsub = |kind: &str, content: &str| {
        format!(
            "<iq type='{kind}' id='1'><pubsub xmlns='{}'>{content}</pubsub></iq>",
            ns::PUBSUB
        )
    };
    for value in ["1", "2"] {
        let item = format!("<item id='a'><v xmlns='urn:v'>{value}</v></item>");
        anna.say(
            &mut server,
            &pubsub("set", &format!("<publish node='n'>{item}</publish>")),
        );
    }
    assert_eq!(phone.hear(&mut server).len(), 2);
    let got = phone.say(&mut server, &pubsub("get", "<items node='n'/>"));
    let items = got[0].children().next().unwrap().children().next().unwrap();
    assert_eq!(items.children().map(Element::text).collect::<String>(), "");
    let values: Vec<String> = items
        .children()
        .filter_map(|item| item.get_child("v", "urn:v"))
        .map(Element::text)
        .collect();
    assert_eq!(values, ["2"]);
    let got = phone.say(&mut server, &pubsub("get", "<items node='none'/>"));
    assert_eq!(got[0].attr("type"), Some("error"));
}
