"""What the scripts of this folder have in common. The test says by environment
where the server is and which certificate is its own."""

import asyncio
import logging
import os
import sys

import slixmpp

DOMAIN, PASSWORD = os.environ["XMPP_DOMAIN"], os.environ["XMPP_PASSWORD"]
PATIENCE = 15
if os.environ.get("XMPP_LOG"):
    logging.basicConfig(level=logging.DEBUG, format="%(asctime)s %(message)s")


class Client(slixmpp.ClientXMPP):
    """A client that keeps what it heard."""

    def __init__(self, name, resource, plugins, direct=False):
        super().__init__(f"{name}@{DOMAIN}/{resource}", PASSWORD)
        for plugin in plugins:
            self.register_plugin(plugin)
        # No other way than the one that is asked for, and only this certificate.
        self.enable_plaintext = False
        self.enable_direct_tls = direct
        self.enable_starttls = not direct
        self.ssl_context.load_verify_locations(cafile=os.environ["XMPP_CA"])
        self.port = int(os.environ["XMPP_HTTPS" if direct else "XMPP_TCP"])
        self.heard = {}
        self.add_event_handler("failed_all_auth", lambda _: sys.exit("sign-in refused"))
        self.started = self.event_queue("session_start")
        self.inbox = self.event_queue("message")

    def __getitem__(self, plugin):
        return self.plugin[plugin]

    def event_queue(self, name):
        """All events of this name from now on."""
        queue = self.heard.setdefault(name, asyncio.Queue())
        self.add_event_handler(name, queue.put_nowait)
        return queue

    async def go(self):
        self.connect("127.0.0.1", self.port)
        await within("a session", self.started.get())
        await within("the roster", self.get_roster())
        self.send_presence()

    async def text(self, body):
        """The next message with this text."""
        while True:
            message = await within(f"the message {body}", self.inbox.get())
            if message["body"] == body:
                return message


async def within(what, awaitable):
    try:
        return await asyncio.wait_for(awaitable, PATIENCE)
    except asyncio.TimeoutError:
        raise AssertionError(f"waited too long for: {what}") from None


async def event(queue, what, fits=lambda _: True):
    """The next event that fits."""
    while True:
        found = await within(what, queue.get())
        if fits(found):
            return found


async def refused(awaitable):
    """The condition that a request is refused with."""
    try:
        await awaitable
    except slixmpp.exceptions.IqError as error:
        return error.condition
    raise AssertionError("was not refused")


def run(main):
    asyncio.run(main())
    print("all as expected")
