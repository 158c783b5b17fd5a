"""Sign-in, roster, presence, a message with receipt, carbons, archive, ping.

usage: chat.py starttls|direct
"""

import sys

import peer
from peer import DOMAIN, Client, event, run

PLUGINS = ["xep_0030", "xep_0092", "xep_0184", "xep_0199", "xep_0280", "xep_0313", "xep_0359"]


async def main():
    direct = sys.argv[1] == "direct"
    alice, bob, phone = (
        Client(name, resource, PLUGINS, direct)
        for name, resource in [("alice", "desk"), ("bob", "desk"), ("bob", "phone")]
    )
    # XEP-0184: a receipt comes only to those who ask for it.
    alice["xep_0184"].auto_request = True
    receipts = alice.event_queue("receipt_received")
    copies = phone.event_queue("carbon_received")
    own_copies = phone.event_queue("carbon_sent")
    available = alice.event_queue("presence_available")
    for client in (alice, bob, phone):
        await client.go()
        await client["xep_0280"].enable()
    assert f"bob@{DOMAIN}" in {str(jid) for jid in alice.client_roster.keys()}
    await event(available, "bob's presence", lambda p: p["from"] == bob.boundjid)

    alice.send_message(f"bob@{DOMAIN}/desk", "hi 鲍勃", mtype="chat")
    message = await bob.text("hi 鲍勃")
    assert message["stanza_id"]["by"] == f"bob@{DOMAIN}", message
    await event(receipts, "a receipt")
    copy = await event(copies, "a carbon")
    assert copy["carbon_received"]["body"] == "hi 鲍勃", copy
    bob.send_message(f"alice@{DOMAIN}", "and you 爱丽丝", mtype="chat")
    await alice.text("and you 爱丽丝")
    await event(own_copies, "a carbon of what bob's other client said",
                lambda m: m["carbon_sent"]["body"] == "and you 爱丽丝")

    for number in range(23):
        alice.send_message(f"bob@{DOMAIN}", f"no {number}", mtype="chat")
    await bob.text("no 22")
    found = [m async for m in bob["xep_0313"].iterate(with_jid=f"alice@{DOMAIN}", rsm={"max": 10})]
    texts = [m["mam_result"]["forwarded"]["stanza"]["body"] for m in found]
    texts = [text for text in texts if text]
    assert texts == ["hi 鲍勃", "and you 爱丽丝"] + [f"no {n}" for n in range(23)], texts
    newest = []
    # Receipts are archived too; only what has a text counts here.
    async for m in bob["xep_0313"].iterate(reverse=True, rsm={"max": 4}):
        newest.append(m["mam_result"]["forwarded"]["stanza"]["body"])
    newest = [text for text in newest if text]
    assert newest == texts[::-1], newest

    await alice["xep_0199"].ping(DOMAIN, timeout=10)
    info = await alice["xep_0030"].get_info(jid=DOMAIN, timeout=10)
    assert "urn:xmpp:ping" in info["disco_info"]["features"], info
    info = await alice["xep_0030"].get_info(jid=f"alice@{DOMAIN}", timeout=10)
    assert "urn:xmpp:mam:2" in info["disco_info"]["features"], info
    version = await alice["xep_0092"].get_version(DOMAIN, timeout=10)
    assert version["software_version"]["name"] == "Startalk", version
    condition = await peer.refused(alice["xep_0030"].get_info(jid=f"nobody@{DOMAIN}", timeout=10))
    assert condition in ("service-unavailable", "item-not-found", "subscription-required"), condition

    for client in (alice, bob, phone):
        await client.disconnect()


run(main)
