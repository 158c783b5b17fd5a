"""Blocking: what is blocked does not come, the sender hears of it, the other
clients of the account are told."""

import peer
from peer import DOMAIN, Client, event, run, within

PLUGINS = ["xep_0030", "xep_0191", "xep_0199"]


async def main():
    alice, phone, bob = (
        Client(name, resource, PLUGINS)
        for name, resource in [("alice", "desk"), ("alice", "phone"), ("bob", "desk")]
    )
    blocked = phone.event_queue("blocked")
    unblocked = phone.event_queue("unblocked")
    errors = bob.event_queue("message_error")
    there = bob.event_queue("presence_available")
    gone = bob.event_queue("presence_unavailable")
    for client in (alice, phone, bob):
        await client.go()
    # Before the server has his presence, nobody is gone for him.
    await event(there, "alice there", lambda p: p["from"].bare == f"alice@{DOMAIN}")
    assert await alice["xep_0191"].get_blocked_jids() == set()
    # Only who has asked for the list is told of changes.
    await phone["xep_0191"].get_blocked_jids()

    await alice["xep_0191"].block(f"bob@{DOMAIN}")
    assert {str(jid) for jid in await alice["xep_0191"].get_blocked_jids()} == {f"bob@{DOMAIN}"}
    await event(blocked, "the block")
    await event(gone, "alice gone", lambda p: p["from"].bare == f"alice@{DOMAIN}")
    bob.send_message(f"alice@{DOMAIN}", "can you hear me?", mtype="chat")
    error = await event(errors, "an error")
    assert error["error"]["condition"] == "service-unavailable", error
    condition = await peer.refused(bob["xep_0199"].send_ping(alice.boundjid, timeout=10))
    assert condition == "service-unavailable", condition

    await alice["xep_0191"].unblock(f"bob@{DOMAIN}")
    await event(unblocked, "the end of the block")
    bob.send_message(f"alice@{DOMAIN}", "and now? 现在呢?", mtype="chat")
    await alice.text("and now? 现在呢?")
    assert alice.inbox.empty(), alice.inbox
    for client in (alice, phone, bob):
        await within("the end", client.disconnect())


run(main)
