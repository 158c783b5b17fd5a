"""What a person says of himself: vCard, picture, nickname, bookmarks, read
positions; colleagues are told of it."""

import base64

from slixmpp import JID
from slixmpp.plugins.xep_0402.stanza import Conference

import peer
from peer import DOMAIN, Client, event, run, within

PLUGINS = ["xep_0030", "xep_0054", "xep_0060", "xep_0084", "xep_0115", "xep_0153", "xep_0163",
           "xep_0172", "xep_0223", "xep_0402", "xep_0490"]
ALICE = JID(f"alice@{DOMAIN}")
PICTURE = base64.b64decode(
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="
)


async def main():
    alice, phone, bob = (
        Client(name, resource, PLUGINS)
        for name, resource in [("alice", "desk"), ("alice", "phone"), ("bob", "desk")]
    )
    pictures = bob.event_queue("avatar_metadata_publish")
    nicks = bob.event_queue("user_nick_publish")
    hashes = bob.event_queue("presence_available")
    displayed = phone.event_queue("message_displayed_synchronization_publish")
    for client in (alice, phone, bob):
        await client.go()

    # A vCard, read by a colleague.
    vcard = alice["xep_0054"].make_vcard()
    vcard["FN"] = "Alice 爱丽丝"
    vcard["TITLE"] = "工程师"
    await alice["xep_0054"].publish_vcard(vcard)
    found = await bob["xep_0054"].get_vcard(ALICE, cached=False)
    assert found["vcard_temp"]["FN"] == "Alice 爱丽丝", found
    condition = await peer.refused(bob["xep_0054"].publish_vcard(vcard, jid=ALICE))
    assert condition in ("forbidden", "not-allowed"), condition

    # A picture: told to colleagues, fetched by them, and seen by old clients.
    await alice["xep_0084"].publish_avatar(PICTURE)
    name = alice["xep_0084"].generate_id(PICTURE)
    about = {"id": name, "type": "image/png", "bytes": str(len(PICTURE)),
             "width": "1", "height": "1"}
    await alice["xep_0084"].publish_avatar_metadata([about])
    told = await event(pictures, "the picture", lambda m: m["from"].bare == ALICE.bare)
    info = told["pubsub_event"]["items"]["item"]["avatar_metadata"]
    assert info["items"][0]["id"] == name, info
    fetched = await bob["xep_0084"].retrieve_avatar(ALICE, name)
    assert fetched["pubsub"]["items"]["item"]["avatar_data"]["value"] == PICTURE
    found = await bob["xep_0054"].get_vcard(ALICE, cached=False)
    assert bytes(found["vcard_temp"]["PHOTO"]["BINVAL"]) == PICTURE, found
    await event(hashes, "the hash in presence",
                lambda p: p["from"].bare == ALICE.bare and p["vcard_temp_update"]["photo"] == name)

    await alice["xep_0172"].publish_nick("小爱")
    told = await event(nicks, "the nickname")
    assert told["pubsub_event"]["items"]["item"]["nick"]["nick"] == "小爱", told

    # Bookmarks are for one's own clients only.
    room = f"plans@conference.{DOMAIN}"
    bookmark = Conference()
    bookmark["name"] = "Plans 计划"
    bookmark["autojoin"] = True
    await alice["xep_0223"].store(bookmark, "urn:xmpp:bookmarks:1", room)
    kept = await phone["xep_0060"].get_items(ALICE.bare, "urn:xmpp:bookmarks:1")
    items = list(kept["pubsub"]["items"])
    assert [item["id"] for item in items] == [room], kept
    assert items[0]["conference"]["name"] == "Plans 计划", kept
    condition = await peer.refused(bob["xep_0060"].get_items(ALICE, "urn:xmpp:bookmarks:1"))
    assert condition in ("forbidden", "not-allowed", "item-not-found"), condition

    # What was read on one client is read on the other.
    await alice["xep_0490"].flag_chat(f"bob@{DOMAIN}", "42")
    told = await event(displayed, "the read position")
    item = told["pubsub_event"]["items"]["item"]
    assert item["id"] == f"bob@{DOMAIN}" and item["displayed"]["stanza_id"]["id"] == "42", told

    for client in (alice, phone, bob):
        await within("the end", client.disconnect())


run(main)
