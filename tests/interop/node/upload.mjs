// stanza asks for a slot of HTTP upload; the file goes up and down again, and
// what must be refused is.

import assert from "node:assert/strict";
import { createClient } from "stanza";
import * as peer from "./peer.mjs";

peer.main(async () => {
  const client = createClient({
    jid: `alice@${peer.domain}`,
    password: peer.password,
    server: peer.domain,
    transports: { websocket: peer.websocket, bosh: false },
    autoReconnect: false,
  });
  const started = peer.next(client, "session:started");
  client.connect();
  await started;

  const service = await client.getUploadService(peer.domain);
  assert.ok(service.maxSize > 0, JSON.stringify(service));
  const body = Buffer.from("会议记录 minutes\n".repeat(1000));
  const slot = await client.getUploadSlot(service.jid, {
    name: "会议 1.txt",
    size: body.length,
    mediaType: "text/plain",
  });
  const put = slot.upload.url;
  const get = slot.download;
  assert.ok(put.startsWith("https://") && get.startsWith("https://"), `${put} ${get}`);
  const headers = { "Content-Type": "text/plain" };
  for (const { name, value } of slot.upload.headers ?? []) headers[name] = value;

  const more = Buffer.concat([body, Buffer.from("more")]);
  const refused = await fetch(put, { method: "PUT", headers, body: more });
  assert.ok(refused.status >= 400 && refused.status < 500, String(refused.status));
  const taken = await fetch(put, { method: "PUT", headers, body });
  assert.equal(taken.status, 201);

  const whole = await fetch(get);
  assert.equal(whole.status, 200);
  assert.match(whole.headers.get("content-type"), /^text\/plain/);
  assert.deepEqual(Buffer.from(await whole.arrayBuffer()), body);
  const part = await fetch(get, { headers: { Range: "bytes=6-11" } });
  assert.equal(part.status, 206);
  assert.deepEqual(Buffer.from(await part.arrayBuffer()), body.subarray(6, 12));

  await assert.rejects(
    client.getUploadSlot(service.jid, { name: "huge.bin", size: 2 ** 50 }),
    (answer) => answer.error.condition === "not-acceptable",
  );
  const gone = peer.next(client, "disconnected");
  client.disconnect();
  await gone;
});
