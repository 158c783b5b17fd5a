// The invite stands behind the `#` of the address, which browsers do not send:
// the server never sees the token of who only looks at the page.
"use strict";

const STARTALK = /^startalk:\/\/(?:join\/|nav\?)[\x21-\x7e]+$/;
// An `xmpp:` link (XEP-0401), or one without its scheme (XEP-0379).
const XMPP = /^(?:xmpp:)?([^\s<>"':;/?#]+)\?(?:register|roster);preauth=[\w.~-]+(?:;ibr=y)?$/;

/** The links that the part behind the `#` stands for, and whose they are. */
function inviteOf(hash) {
  const text = hash.replace(/^#/, "");
  const candidates = [text];
  try {
    // Some programs escape what they pass on.
    candidates.push(decodeURIComponent(text));
  } catch {
    // Not escaped, then.
  }
  for (const link of candidates) {
    if (STARTALK.test(link)) return { startalk: link, ...partsOf(link) };
    const match = XMPP.exec(link);
    if (match) {
      const xmpp = link.startsWith("xmpp:") ? link : `xmpp:${link}`;
      return { startalk: "", xmpp, team: match[1].split("@").pop() };
    }
  }
  return undefined;
}

/** What other clients understand, and the name of the team. */
function partsOf(link) {
  const match = /^startalk:\/\/join\/([^?]+)\?(.*)$/.exec(link);
  if (!match) return { team: "", xmpp: "" };
  const query = new URLSearchParams(match[2].replaceAll("+", "%2B"));
  const domain = decodeURIComponent(match[1]);
  const token = query.get("t");
  return {
    team: query.get("n") || domain,
    xmpp: token ? `xmpp:${encodeURIComponent(domain)}?register;preauth=${encodeURIComponent(token)}` : "",
  };
}

function show() {
  const all = (selector) => document.querySelectorAll(selector);
  const invite = inviteOf(location.hash);
  const { startalk, xmpp, team } = invite || { startalk: "", xmpp: "", team: "" };
  for (const element of all(".valid")) element.hidden = !invite;
  for (const element of all(".invalid")) element.hidden = Boolean(invite);
  for (const element of all(".startalk")) element.hidden = !startalk;
  for (const element of all("p.xmpp")) element.hidden = !xmpp;
  for (const element of all(".team")) element.textContent = team || "Startalk";
  for (const element of all("a.open")) element.href = startalk;
  for (const element of all("a.other")) element.href = xmpp;
}

// Both languages are there; the reader's comes first.
if (!/^zh\b/i.test(navigator.language)) {
  document.body.append(document.querySelector("section:lang(zh)"));
}
addEventListener("hashchange", show);
show();
