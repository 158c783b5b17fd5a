// @xmpp/client: signs in over WebSocket, STARTTLS or direct TLS, talks, and
// resumes a session whose socket was cut.
//
// usage: xmppjs.mjs websocket|starttls|direct

import assert from "node:assert/strict";
import { client, xml } from "@xmpp/client";
import { WebSocket } from "ws";
import * as peer from "./peer.mjs";

globalThis.WebSocket ??= WebSocket;
const service = peer[process.argv[2]];

function connect(username, resource) {
  const { domain, password } = peer;
  const xmpp = client({ service, domain, username, password, resource });
  xmpp.reconnect.delay = 10;
  // Its own patience is two seconds, which a busy machine may need.
  xmpp.timeout = peer.PATIENCE;
  xmpp.on("error", (error) => console.error(username, error));
  if (service === peer.direct) listenInTime(xmpp);
  return xmpp;
}

/**
 * Its `open()` waits until the header is written and listens for the answer only
 * then. A TLS socket of Node says "written" in a later turn, by which a server
 * nearby has answered: the client is online, and `start()` fails for a timeout.
 * With `write()` not waited for, it listens before anything can have come.
 */
function listenInTime(xmpp) {
  const write = xmpp.write.bind(xmpp);
  xmpp.write = async (text) => {
    write(text).catch((error) => xmpp.emit("error", error));
  };
}

const body = (text) => (stanza) => stanza.is("message") && stanza.getChildText("body") === text;
const chat = (to, text) => xml("message", { to, type: "chat" }, xml("body", {}, text));

peer.main(async () => {
  const alice = connect("alice", "desk");
  const bob = connect("bob", "desk");
  const address = await peer.within("alice online", alice.start());
  assert.equal(address.bare().toString(), `alice@${peer.domain}`);
  await peer.within("bob online", bob.start());
  await bob.send(xml("presence"));

  const pong = await alice.iqCaller.get(xml("ping", "urn:xmpp:ping"));
  assert.equal(pong, undefined);
  const info = await alice.iqCaller.get(
    xml("query", "http://jabber.org/protocol/disco#info"),
    peer.domain,
  );
  const features = info.getChildren("feature").map((feature) => feature.attrs.var);
  assert.ok(features.includes("urn:xmpp:ping"), features.join());

  const arrives = peer.next(bob, "stanza", body("hi 鲍勃"));
  await alice.send(chat(`bob@${peer.domain}`, "hi 鲍勃"));
  const message = await arrives;
  assert.equal(message.attrs.from, address.toString());
  assert.equal(message.getChild("stanza-id", "urn:xmpp:sid:0").attrs.by, `bob@${peer.domain}`);

  // The socket is cut, without a word. What is sent meanwhile comes once.
  assert.ok(bob.streamManagement.id, "stream management is on and can resume");
  const got = [];
  bob.on("stanza", (stanza) => {
    if (stanza.is("message")) got.push(stanza.getChildText("body"));
  });
  const resumed = peer.next(bob.streamManagement, "resumed");
  const { socket } = bob.socket;
  if (socket.terminate) socket.terminate();
  else socket.destroy();
  const second = peer.next(bob, "stanza", body("three"));
  for (const text of ["one", "two", "three"]) {
    await alice.send(chat(`bob@${peer.domain}`, text));
  }
  await resumed;
  await second;
  assert.deepEqual(got, ["one", "two", "three"]);

  // What bob says after it is counted on from where it was.
  const acknowledged = peer.next(bob.streamManagement, "ack", body("back"));
  const answer = peer.next(alice, "stanza", body("back"));
  await bob.send(chat(address.toString(), "back"));
  assert.equal((await answer).attrs.from, bob.jid.toString());
  await acknowledged;

  await assert.rejects(
    connectWith("wrong password"),
    (error) => error.name === "SASLError" && error.condition === "not-authorized",
  );
  await peer.within("alice offline", alice.stop());
  await peer.within("bob offline", bob.stop());
});

async function connectWith(password) {
  const xmpp = client({ service, domain: peer.domain, username: "alice", password });
  xmpp.reconnect.stop();
  xmpp.timeout = peer.PATIENCE;
  xmpp.on("error", () => {});
  if (service === peer.direct) listenInTime(xmpp);
  await peer.within("a refusal", xmpp.start());
}
