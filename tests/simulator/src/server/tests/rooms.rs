//! Rooms: who is in them, what they keep, and what moderators do.

use super::*;

const TEA: &str = "tea@rooms.sim.example";

fn with_room(change: impl FnOnce(&mut Flavour)) -> Server {
    let mut server = server(change);
    server.open_room("tea", &["bela".to_owned(), "anna".to_owned()]);
    server
}

fn enter(server: &mut Server, client: &mut Client, nick: &str) -> Vec<Element> {
    let join = format!(
        "<presence to='{TEA}/{nick}'><x xmlns='http://jabber.org/protocol/muc'/></presence>"
    );
    client.say(server, &join)
}

fn says(text: &str) -> String {
    format!("<message type='groupchat' to='{TEA}' id='{text}'><body>{text}</body></message>")
}

fn codes(presence: &Element) -> Vec<&str> {
    let user = presence.get_child("x", ns::MUC_USER).into_iter();
    user.flat_map(Element::children)
        .filter_map(|status| status.attr("code"))
        .collect()
}

fn jid(presence: &Element) -> Option<&str> {
    let user = presence.get_child("x", ns::MUC_USER)?;
    user.get_child("item", ns::MUC_USER)?.attr("jid")
}

#[test]
fn what_is_said_goes_to_all_and_back_and_into_the_archive() {
    let mut server = with_room(|_| ());
    assert_eq!(server.accounts["anna"].rooms(), [TEA]);
    let (mut anna, _) = Client::there(&mut server, "anna", "desk");
    let (mut phone, _) = Client::there(&mut server, "anna", "phone");
    let (mut bela, _) = Client::there(&mut server, "bela", "desk");
    let refused = anna.say(&mut server, &says("0"));
    assert_eq!(refused.last().unwrap().attr("type"), Some("error"));
    for (client, nick) in [
        (&mut anna, "anna"),
        (&mut phone, "anna"),
        (&mut bela, "bela"),
    ] {
        let heard = enter(&mut server, client, nick);
        let us = heard
            .iter()
            .find(|one| codes(one).contains(&"110"))
            .unwrap();
        assert_eq!(us.attr("from"), Some(format!("{TEA}/{nick}").as_str()));
        assert!(heard.last().unwrap().has_child("subject", ns::CLIENT));
    }
    for client in [&mut anna, &mut phone] {
        client.hear(&mut server);
    }
    let back = bela.say(&mut server, &says("1"));
    for heard in [back, anna.hear(&mut server), phone.hear(&mut server)] {
        assert_eq!(texts(&heard), ["1"]);
        assert_eq!(
            stanza_id(&heard[0]),
            Some(server.rooms["tea"].archive[0].id.as_str())
        );
        assert!(heard[0].has_child("occupant-id", ns::OCCUPANT_ID));
    }
    let query = format!(
        "<iq type='set' id='q' to='{TEA}'><query xmlns='{}' queryid='x'/></iq>",
        ns::MAM
    );
    let page = anna.say(&mut server, &query);
    assert_eq!((page.len(), page[0].attr("from")), (2, Some(TEA)));
    assert!(server.accounts["anna"].archive.is_empty());
}

#[test]
fn a_room_that_has_lost_somebody_says_so_when_it_is_asked() {
    let mut server = with_room(|_| ());
    let (mut anna, _) = Client::there(&mut server, "anna", "desk");
    enter(&mut server, &mut anna, "anna");
    let ping = format!("<iq type='get' id='p' to='{TEA}/anna'><ping xmlns='urn:xmpp:ping'/></iq>");
    assert_eq!(anna.say(&mut server, &ping)[0].attr("type"), Some("result"));
    server.scatter("tea", false);
    assert!(anna.hear(&mut server).is_empty());
    assert_eq!(anna.say(&mut server, &ping)[0].attr("type"), Some("error"));
    enter(&mut server, &mut anna, "anna");
    server.scatter("tea", true);
    assert_eq!(codes(&anna.hear(&mut server)[0]), ["110", "332"]);
}

#[test]
fn addresses_are_for_those_who_may_see_them() {
    for anonymous in [false, true] {
        let mut server = with_room(|flavour| flavour.anonymous = anonymous);
        let (mut anna, _) = Client::there(&mut server, "anna", "desk");
        let (mut bela, _) = Client::there(&mut server, "bela", "desk");
        enter(&mut server, &mut bela, "bela");
        let mut there = enter(&mut server, &mut anna, "anna");
        there.retain(|one| one.attr("from").is_some_and(|from| from.starts_with(TEA)));
        assert_eq!(jid(&there[0]).is_none(), anonymous);
        assert_eq!(codes(&there[1]).contains(&"100"), !anonymous);
        // Its owner sees all.
        assert!(bela.hear(&mut server).iter().any(|one| jid(one).is_some()));
    }
}

#[test]
fn what_is_taken_back_leaves_a_mark_where_archives_do_that() {
    for tombstones in [false, true] {
        let mut server = with_room(|flavour| flavour.tombstones = tombstones);
        let (mut anna, _) = Client::there(&mut server, "anna", "desk");
        let (mut bela, _) = Client::there(&mut server, "bela", "desk");
        enter(&mut server, &mut anna, "anna");
        enter(&mut server, &mut bela, "bela");
        anna.say(&mut server, &says("1"));
        let id = server.rooms["tea"].archive[0].id.clone();
        let moderate = format!(
            "<iq type='set' id='m' to='{TEA}'><moderate xmlns='{}' id='{id}'>\
             <retract xmlns='{}'/></moderate></iq>",
            ns::MODERATION,
            ns::RETRACT
        );
        let refused = anna.say(&mut server, &moderate);
        assert_eq!(refused[0].attr("type"), Some("error"), "only its owner");
        bela.hear(&mut server);
        let heard = bela.say(&mut server, &moderate);
        assert_eq!(heard[0].attr("from"), Some(TEA));
        assert_eq!(heard[1].attr("type"), Some("result"));
        let archive = &server.rooms["tea"].archive;
        assert_eq!(archive.len(), 2);
        assert_eq!(
            archive[0].message.has_child("body", ns::CLIENT),
            !tombstones
        );
        assert_eq!(archive[0].original.is_some(), tombstones);

        anna.text(&mut server, "bela", "2");
        let retract = format!(
            "<message type='chat' to='bela@{DOMAIN}' id='r'><retract xmlns='{}' id='2'/></message>",
            ns::RETRACT
        );
        anna.say(&mut server, &retract);
        for account in ["anna", "bela"] {
            let archive = &server.accounts[account].archive;
            assert_eq!(
                archive[0].message.has_child("body", ns::CLIENT),
                !tombstones
            );
            assert_eq!(
                archive[0].message.has_child("retracted", ns::RETRACT),
                tombstones
            );
        }
    }
}

#[test]
fn whoever_has_another_name_is_the_same_for_the_archive() {
    let mut server = with_room(|_| ());
    let (mut anna, _) = Client::there(&mut server, "anna", "desk");
    let (mut phone, _) = Client::there(&mut server, "anna", "phone");
    let (mut bela, _) = Client::there(&mut server, "bela", "desk");
    for (client, nick) in [
        (&mut anna, "anna"),
        (&mut phone, "anna"),
        (&mut bela, "bela"),
    ] {
        enter(&mut server, client, nick);
    }
    anna.say(&mut server, &says("1"));
    let taken = anna.say(&mut server, &format!("<presence to='{TEA}/bela'/>"));
    assert_eq!(taken.last().unwrap().attr("type"), Some("error"));
    bela.hear(&mut server);
    phone.hear(&mut server);
    let ours = anna.say(&mut server, &format!("<presence to='{TEA}/nan'/>"));
    for (heard, is_us) in [
        (ours, true),
        (phone.hear(&mut server), true),
        (bela.hear(&mut server), false),
    ] {
        let [gone, here] = &heard[..] else {
            panic!("{heard:?}");
        };
        assert_eq!(gone.attr("from"), Some(format!("{TEA}/anna").as_str()));
        assert!(codes(gone).contains(&"303"));
        assert_eq!(here.attr("from"), Some(format!("{TEA}/nan").as_str()));
        assert_eq!(codes(here).contains(&"110"), is_us);
    }
    // Her name is free now, and somebody else's words are not hers.
    bela.say(&mut server, &format!("<presence to='{TEA}/anna'/>"));
    bela.say(&mut server, &says("2"));
    let by: Vec<&str> = server.rooms["tea"]
        .archive
        .iter()
        .map(|archived| archived.by.as_str())
        .collect();
    assert_eq!(by, ["anna", "bela"]);
}

#[test]
fn owners_put_people_out() {
    let mut server = with_room(|_| ());
    let (mut anna, _) = Client::there(&mut server, "anna", "desk");
    let (mut bela, _) = Client::there(&mut server, "bela", "desk");
    enter(&mut server, &mut anna, "anna");
    enter(&mut server, &mut bela, "bela");
    anna.hear(&mut server);
    let administrate = |item: &str| {
        format!(
            "<iq type='set' id='k' to='{TEA}'><query xmlns='{}'>{item}</query></iq>",
            ns::MUC_ADMIN
        )
    };
    let kick = administrate("<item nick='anna' role='none'/>");
    let refused = anna.say(&mut server, &kick);
    assert_eq!(refused.last().unwrap().attr("type"), Some("error"));
    bela.say(&mut server, &kick);
    let out = anna.hear(&mut server);
    assert_eq!(codes(out.last().unwrap()), ["110", "307"]);
    enter(&mut server, &mut anna, "anna");
    let ban = administrate("<item jid='anna@sim.example' affiliation='outcast'/>");
    bela.say(&mut server, &ban);
    let out = anna.hear(&mut server);
    assert_eq!(codes(out.last().unwrap()), ["110", "301"]);
    let refused = enter(&mut server, &mut anna, "anna");
    assert_eq!(refused.last().unwrap().attr("type"), Some("error"));
    let unban = administrate("<item jid='anna@sim.example' affiliation='none'/>");
    bela.say(&mut server, &unban);
    let heard = enter(&mut server, &mut anna, "anna");
    assert!(heard.last().unwrap().has_child("subject", ns::CLIENT));
}
