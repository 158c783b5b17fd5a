// The invite stands behind the `#` of the address, which browsers do not send:
// the server never sees the token of who only looks at the page.
"use strict";

/** The link behind the `#`, if it is one of an invite. */
function inviteOf(hash) {
  const text = hash.replace(/^#/, "");
  const candidates = [text];
  try {
    // Some programs escape what they pass on.
    candidates.push(decodeURIComponent(text));
  } catch {
    // Not escaped, then.
  }
  return candidates.find((link) => /^(startalk:\/\/(join\/|nav\?)|xmpp:)[\x21-\x7e]+$/.test(link));
}

/** What another client understands (XEP-0401), and the name of the team. */
function partsOf(link) {
  const match = /^startalk:\/\/join\/([^?]+)\?(.*)$/.exec(link);
  if (!match) {
    const domain = /^xmpp:(?:[^@?]*@)?([^?;/]+)/.exec(link);
    return { team: domain ? domain[1] : "", xmpp: domain ? link : "" };
  }
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
  const link = inviteOf(location.hash);
  const { team, xmpp } = link ? partsOf(link) : { team: "", xmpp: "" };
  for (const element of all(".valid")) element.hidden = !link;
  for (const element of all(".invalid")) element.hidden = Boolean(link);
  for (const element of all(".other")) element.hidden = !xmpp || xmpp === link;
  for (const element of all(".team")) element.textContent = team || "Startalk";
  for (const element of all("a.open")) element.href = link || "";
  for (const element of all("a.xmpp")) element.href = xmpp;
}

addEventListener("hashchange", show);
show();
