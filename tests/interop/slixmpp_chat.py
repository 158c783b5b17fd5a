"""Two slixmpp clients on the server: sign in, roster, presence, message with
receipt, carbons, archive, ping. Exits 0 if all of it was as the XEPs say.

usage: slixmpp_chat.py DOMAIN PORT PASSWORD
"""

import asyncio
import ssl
import sys

import slixmpp

DOMAIN, PORT, PASSWORD = sys.argv[1], int(sys.argv[2]), sys.argv[3]
PLUGINS = ["xep_0030", "xep_0092", "xep_0184", "xep_0199", "xep_0280", "xep_0313", "xep_0359"]


class Client(slixmpp.ClientXMPP):
    def __init__(self, name, resource):
        super().__init__(f"{name}@{DOMAIN}/{resource}", PASSWORD)
        for plugin in PLUGINS:
            self.register_plugin(plugin)
        # XEP-0184: a receipt comes only to those who ask for it.
        self["xep_0184"].auto_request = True
        self.enable_plaintext = False
        # The server's key is its own; ours is the client that pins it.
        self.ssl_context.check_hostname = False
        self.ssl_context.verify_mode = ssl.CERT_NONE
        self.started = asyncio.get_event_loop().create_future()
        self.refused = asyncio.get_event_loop().create_future()
        self.inbox = asyncio.Queue()
        self.receipts = asyncio.Queue()
        self.copies = asyncio.Queue()
        self.add_event_handler("session_start", lambda _: self.started.set_result(True))
        self.add_event_handler("failed_all_auth", lambda _: self.refused.set_result(True))
        self.add_event_handler("message", self.inbox.put_nowait)
        self.add_event_handler("receipt_received", self.receipts.put_nowait)
        self.add_event_handler("carbon_received", self.copies.put_nowait)
        self.add_event_handler("carbon_sent", self.copies.put_nowait)

    async def go(self):
        self.connect("127.0.0.1", PORT)
        await asyncio.wait_for(self.started, 15)
        await self.get_roster()
        await self["xep_0280"].enable()
        self.send_presence()


async def main():
    alice, bob, phone = Client("alice", "desk"), Client("bob", "desk"), Client("bob", "phone")
    for client in (alice, bob, phone):
        await client.go()

    names = {str(jid) for jid in alice.client_roster.keys()}
    assert f"bob@{DOMAIN}" in names and f"rosa@{DOMAIN}" in names, names

    alice.send_message(f"bob@{DOMAIN}/desk", "hi 鲍勃", mtype="chat")
    message = await asyncio.wait_for(bob.inbox.get(), 10)
    assert message["body"] == "hi 鲍勃", message
    assert message["stanza_id"]["by"] == f"bob@{DOMAIN}", message
    receipt = await asyncio.wait_for(alice.receipts.get(), 10)
    assert receipt["receipt"], receipt
    copy = await asyncio.wait_for(phone.copies.get(), 10)
    assert "鲍勃" in str(copy), copy

    found = [m async for m in bob["xep_0313"].iterate(rsm={"max": 10})]
    bodies = [m["mam_result"]["forwarded"]["stanza"]["body"] for m in found]
    assert "hi 鲍勃" in bodies, bodies

    await alice["xep_0199"].ping(DOMAIN, timeout=10)
    info = await alice["xep_0030"].get_info(jid=DOMAIN, timeout=10)
    assert "urn:xmpp:ping" in info["disco_info"]["features"], info
    info = await alice["xep_0030"].get_info(jid=f"alice@{DOMAIN}", timeout=10)
    assert "urn:xmpp:mam:2" in info["disco_info"]["features"], info
    version = await alice["xep_0092"].get_version(DOMAIN, timeout=10)
    assert version["software_version"]["name"] == "Startalk", version

    alice.send_message(f"rosa@{DOMAIN}", "hello 罗莎", mtype="chat")
    await asyncio.wait_for(alice.receipts.get(), 10)

    for client in (alice, bob, phone):
        await client.disconnect()
    print("slixmpp: all as expected")


asyncio.run(main())
