// @xmpp/client: SASL 2, Bind 2 and FAST. The second sign-in uses the token of the
// first and no password; a token that was given up is worth nothing.

import assert from "node:assert/strict";
import { client, xml } from "@xmpp/client";
import { WebSocket } from "ws";
import * as peer from "./peer.mjs";

globalThis.WebSocket ??= WebSocket;
const service = peer[process.argv[2]];
const { domain } = peer;
const userAgent = xml("user-agent", { id: "d4565fa7-4d72-4749-b3d3-740edbf87770" });

function connect(credentials) {
  const xmpp = client({ service, domain, credentials, userAgent, resource: "desk" });
  xmpp.reconnect.stop();
  xmpp.timeout = peer.PATIENCE;
  xmpp.said = [];
  xmpp.on("error", (error) => xmpp.said.push(error));
  xmpp.on("send", (element) => xmpp.said.push(element));
  return xmpp;
}

const said = (xmpp, name, ns) => xmpp.said.some((element) => element.is?.(name, ns));

peer.main(async () => {
  const first = connect({ username: "alice", password: peer.password });
  let token;
  first.fast.saveToken = async (given) => {
    token = given;
  };
  const address = await peer.within("the first sign-in", first.start());
  assert.equal(address.bare().toString(), `alice@${domain}`);
  assert.ok(said(first, "authenticate", "urn:xmpp:sasl:2"), "SASL 2 was used");
  assert.ok(!said(first, "auth", "urn:ietf:params:xml:ns:xmpp-sasl"), "and nothing older");
  assert.ok(first.streamManagement.enabled, "stream management came with Bind 2");
  assert.ok(token?.token, "a token was given");
  assert.ok(new Date(token.expiry) > new Date(), token.expiry);
  await first.iqCaller.get(xml("ping", "urn:xmpp:ping"));
  await peer.within("the end", first.stop());

  const second = connect({ username: "alice", token });
  await peer.within("the second sign-in", second.start());
  const authenticate = second.said.find((element) => element.is?.("authenticate", "urn:xmpp:sasl:2"));
  assert.equal(authenticate.attrs.mechanism, token.mechanism);
  assert.ok(authenticate.getChild("fast", "urn:xmpp:fast:0"));
  await second.iqCaller.get(xml("ping", "urn:xmpp:ping"));
  await peer.within("the end", second.stop());

  const forged = connect({ username: "alice", token: { ...token, token: "guessed" } });
  forged.fast.saveToken = async () => {};
  await assert.rejects(peer.within("a refusal", forged.start()));
});
