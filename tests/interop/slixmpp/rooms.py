"""Rooms: made, configured, entered, spoken in, led, left, destroyed."""

from slixmpp import JID
from slixmpp.plugins.xep_0410 import PingStatus

import peer
from peer import DOMAIN, Client, event, run, within

PLUGINS = ["xep_0030", "xep_0045", "xep_0199", "xep_0249", "xep_0313", "xep_0359", "xep_0410", "xep_0421"]
ROOM = JID(f"plans@conference.{DOMAIN}")


async def main():
    alice, bob = (Client(name, "desk", PLUGINS) for name in ("alice", "bob"))
    for client in (alice, bob):
        await client.go()
    invitations = bob.event_queue("groupchat_direct_invite")
    subjects = bob.event_queue("groupchat_subject")
    spoken = bob.event_queue("groupchat_message")

    services = await alice["xep_0030"].get_items(jid=DOMAIN, timeout=10)
    assert ROOM.domain in {item[0] for item in services["disco_items"]["items"]}, services

    entered = await alice["xep_0045"].join_muc_wait(ROOM, "爱丽丝", timeout=15)
    assert {110, 201} <= entered[0]["muc"]["status_codes"], entered
    form = await alice["xep_0045"].get_room_config(ROOM)
    form["type"] = "submit"
    values = form.get_values()
    assert "muc#roomconfig_roomname" in values, values
    form.set_values({
        "muc#roomconfig_roomname": "Plans 计划",
        "muc#roomconfig_persistentroom": True,
        "muc#roomconfig_membersonly": True,
    })
    await alice["xep_0045"].set_room_config(ROOM, form)
    info = await alice["xep_0030"].get_info(jid=ROOM, timeout=10)
    assert "muc_membersonly" in info["disco_info"]["features"], info
    assert ("conference", "text", None, "Plans 计划") in info["disco_info"]["identities"], info

    # Closed to who is no member, open to who was made one.
    try:
        await bob["xep_0045"].join_muc_wait(ROOM, "Bob", timeout=15)
        raise AssertionError("not a member")
    except peer.slixmpp.exceptions.PresenceError as error:
        assert error.condition == "registration-required", error
    await alice["xep_0045"].set_affiliation(ROOM, "member", jid=JID(f"bob@{DOMAIN}"))
    alice["xep_0249"].send_invitation(f"bob@{DOMAIN}", ROOM, reason="come 来吧")
    invitation = await event(invitations, "an invitation")
    assert invitation["groupchat_invite"]["jid"] == ROOM, invitation
    await bob["xep_0045"].join_muc_wait(ROOM, "Bob", timeout=15)
    assert set(bob["xep_0045"].get_roster(ROOM)) == {"爱丽丝", "Bob"}

    alice.send_message(ROOM, "hello room", mtype="groupchat")
    heard = await event(spoken, "a message", lambda m: m["body"] == "hello room")
    assert heard["from"] == f"{ROOM}/爱丽丝" and heard["stanza_id"]["by"] == ROOM, heard
    assert heard["occupant-id"]["id"], heard
    alice["xep_0045"].set_subject(ROOM, "Lunch 午饭")
    await event(subjects, "a subject", lambda m: m["subject"] == "Lunch 午饭")
    archive = [
        m["mam_result"]["forwarded"]["stanza"]["body"]
        async for m in bob["xep_0313"].iterate(jid=ROOM, rsm={"max": 5})
    ]
    assert "hello room" in archive, archive
    mine = JID(f"{ROOM}/Bob")
    assert await bob["xep_0410"].send_self_ping(mine) == PingStatus.JOINED

    # A member cannot lead; the owner can.
    condition = await peer.refused(bob["xep_0045"].set_role(ROOM, "爱丽丝", "none"))
    assert condition in ("forbidden", "not-allowed"), condition
    members = await alice["xep_0045"].get_affiliation_list(ROOM, "member")
    assert [str(jid) for jid in members] == [f"bob@{DOMAIN}"], members
    kicked = bob.event_queue(f"muc::{ROOM}::self-presence")
    await alice["xep_0045"].set_role(ROOM, "Bob", "none", reason="later")
    gone = await event(kicked, "being led out", lambda p: p["type"] == "unavailable")
    assert 307 in gone["muc"]["status_codes"], gone

    await alice["xep_0045"].destroy(ROOM, reason="done")
    condition = await peer.refused(alice["xep_0030"].get_info(jid=ROOM, timeout=10))
    assert condition == "item-not-found", condition
    for client in (alice, bob):
        await within("the end", client.disconnect())


run(main)
