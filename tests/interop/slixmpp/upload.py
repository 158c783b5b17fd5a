"""HTTP upload: a slot, the file up and down again, and what is refused."""

import asyncio
import os
import ssl
import urllib.error
import urllib.request

import peer
from peer import Client, run, within

PLUGINS = ["xep_0030", "xep_0363"]
TRUST = ssl.create_default_context(cafile=os.environ["XMPP_CA"])


def http(method, url, body=None, headers=()):
    """Status and body; in a thread of its own."""
    request = urllib.request.Request(url, data=body, method=method, headers=dict(headers))
    try:
        with urllib.request.urlopen(request, context=TRUST, timeout=peer.PATIENCE) as answer:
            return answer.status, answer.read(), answer.headers
    except urllib.error.HTTPError as error:
        return error.code, error.read(), error.headers


async def main():
    alice = Client("alice", "desk", PLUGINS)
    await alice.go()
    service = await alice["xep_0363"].find_upload_service()
    assert service is not None
    jid = service["from"]
    body = "会议记录 minutes\n".encode() * 1000
    answer = await alice["xep_0363"].request_slot(jid, "会议 1.txt", len(body), "text/plain")
    slot = answer["http_upload_slot"]
    put, get = slot["put"]["url"], slot["get"]["url"]
    assert put.startswith("https://") and get.startswith("https://"), slot
    headers = [(header["name"], header["value"]) for header in slot["put"]["headers"]]
    headers.append(("Content-Type", "text/plain"))

    status, _, _ = await asyncio.to_thread(http, "PUT", put, body + b"more", headers)
    assert 400 <= status < 500, status
    status, _, _ = await asyncio.to_thread(http, "PUT", put, body, headers)
    assert status == 201, status
    status, found, about = await asyncio.to_thread(http, "GET", get)
    assert (status, found) == (200, body), status
    assert about["Content-Type"].startswith("text/plain"), about
    status, part, _ = await asyncio.to_thread(http, "GET", get, None, [("Range", "bytes=6-11")])
    assert (status, part) == (206, body[6:12]), (status, part)
    status, _, _ = await asyncio.to_thread(http, "GET", get[:-12] + "no-such-file")
    assert status == 404, status

    condition = await peer.refused(
        alice["xep_0363"].request_slot(jid, "huge.bin", 1 << 50, "application/octet-stream")
    )
    assert condition == "not-acceptable", condition
    await within("the end", alice.disconnect())


run(main)
