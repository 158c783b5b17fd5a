// stanza over WebSocket: roster, receipts, carbons, archive, resumption, rooms.

import assert from "node:assert/strict";
import { createClient } from "stanza";
import * as peer from "./peer.mjs";

async function online(name, resource) {
  const client = createClient({
    jid: `${name}@${peer.domain}`,
    resource,
    password: peer.password,
    server: peer.domain,
    transports: { websocket: peer.websocket, bosh: false },
    sendReceipts: true,
    useStreamManagement: true,
    autoReconnect: false,
  });
  if (process.env.XMPP_LOG) client.on("raw", (direction, data) => console.error(name, direction, data));
  const started = peer.next(client, "session:started");
  client.connect();
  await started;
  client.roster = (await client.getRoster()).items.map((item) => item.jid);
  await client.enableCarbons();
  client.sendPresence();
  return client;
}

peer.main(async () => {
  const alice = await online("alice", "desk");
  const bob = await online("bob", "desk");
  const phone = await online("bob", "phone");
  assert.ok(alice.sm.started && alice.sm.id, "stream management is on");

  assert.ok(alice.roster.includes(`bob@${peer.domain}`), alice.roster.join());

  const arrives = peer.next(bob, "chat", (message) => message.body === "hi 鲍勃");
  const copied = peer.next(phone, "carbon:received");
  const receipt = peer.next(alice, "receipt");
  const id = alice.sendMessage({
    to: bob.jid,
    type: "chat",
    body: "hi 鲍勃",
    receipt: { type: "request" },
  });
  const message = await arrives;
  assert.equal(message.from, alice.jid);
  assert.equal(message.stanzaIds[0].by, `bob@${peer.domain}`);
  assert.equal((await copied).carbon.forward.message.body, "hi 鲍勃");
  assert.equal((await receipt).receipt.id, id);

  for (let n = 0; n < 7; n += 1) {
    alice.sendMessage({ to: `bob@${peer.domain}`, type: "chat", body: `no ${n}` });
  }
  await alice.ping(peer.domain);
  // Pages from the newest backwards, then all of it forwards.
  const last = await bob.searchHistory({ with: `alice@${peer.domain}`, paging: { max: 3, before: "" } });
  const bodies = (page) => page.results.map((result) => result.item.message.body).filter(Boolean);
  assert.deepEqual(bodies(last), ["no 4", "no 5", "no 6"]);
  assert.equal(last.complete ?? false, false);
  const before = await bob.searchHistory({
    with: `alice@${peer.domain}`,
    paging: { max: 3, before: last.paging.first },
  });
  assert.deepEqual(bodies(before), ["no 1", "no 2", "no 3"]);
  const all = await bob.searchHistory({ paging: { max: 50 } });
  assert.ok(all.complete);
  assert.equal(bodies(all).filter((body) => body.startsWith("no ")).length, 7);
  const none = await bob.searchHistory({ start: new Date(Date.now() + 60_000) });
  assert.deepEqual(none.results, []);

  // A room: made, entered by another, spoken in, and pinged.
  const room = `plans@conference.${peer.domain}`;
  await alice.joinRoom(room, "爱丽丝");
  await alice.configureRoom(room, { type: "submit", fields: [] });
  await bob.joinRoom(room, "Bob");
  const heard = peer.next(bob, "groupchat", (stanza) => stanza.body === "hello room");
  alice.sendMessage({ to: room, type: "groupchat", body: "hello room" });
  assert.equal((await heard).from, `${room}/爱丽丝`);
  const topic = peer.next(bob, "muc:topic", (event) => event.topic === "Lunch 午饭");
  alice.setSubject(room, "Lunch 午饭");
  await topic;
  const history = await bob.searchHistory(room, { paging: { max: 10 } });
  assert.ok(bodies(history).includes("hello room"));
  const disco = await bob.getDiscoInfo(room);
  assert.ok(disco.features.includes("http://jabber.org/protocol/muc"), disco.features.join());
  await bob.leaveRoom(room, "Bob");

  // The socket is cut, without a word. What is sent meanwhile comes once.
  const got = [];
  bob.on("chat", (stanza) => got.push(stanza.body));
  const lost = peer.next(bob, "disconnected");
  // What it says from now on is lost too. Without this an answer to the server
  // that is under way meets the closed socket, and stanza then never says that
  // it is disconnected.
  bob.transport._write = (_chunk, _encoding, done) => done();
  bob.transport.socket.terminate();
  await lost;
  for (const text of ["one", "two", "three"]) {
    alice.sendMessage({ to: `bob@${peer.domain}`, type: "chat", body: text });
  }
  await alice.ping(peer.domain);
  const resumed = peer.next(bob, "stream:management:resumed");
  const third = peer.next(bob, "chat", (stanza) => stanza.body === "three");
  bob.connect();
  await resumed;
  await third;
  assert.deepEqual(got, ["one", "two", "three"]);

  for (const client of [alice, bob, phone]) {
    const gone = peer.next(client, "disconnected");
    client.disconnect();
    await gone;
  }
});
