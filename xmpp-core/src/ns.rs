//! Namespaces, by the name the specifications use for the thing.

/// XML namespaces, section 3: what `xmlns` stands for.
pub const XMLNS: &str = "http://www.w3.org/2000/xmlns/";
/// RFC 6120: stanzas between client and server.
pub const CLIENT: &str = "jabber:client";
/// RFC 6120: the stream element and its features.
pub const STREAM: &str = "http://etherx.jabber.org/streams";
/// RFC 6120, 4.9.3: stream error conditions.
pub const STREAM_ERRORS: &str = "urn:ietf:params:xml:ns:xmpp-streams";
/// RFC 6120, 8.3.3: stanza error conditions.
pub const STANZA_ERRORS: &str = "urn:ietf:params:xml:ns:xmpp-stanzas";
/// RFC 6120, 5: STARTTLS.
pub const TLS: &str = "urn:ietf:params:xml:ns:xmpp-tls";
/// RFC 6120, 6: SASL.
pub const SASL: &str = "urn:ietf:params:xml:ns:xmpp-sasl";
/// RFC 6120, 7: resource binding.
pub const BIND: &str = "urn:ietf:params:xml:ns:xmpp-bind";
/// RFC 3921, 3: session establishment, a no-op today.
pub const SESSION: &str = "urn:ietf:params:xml:ns:xmpp-session";
/// RFC 6121, 2: roster.
pub const ROSTER: &str = "jabber:iq:roster";
/// RFC 6121, 2.1.1: roster versioning feature.
pub const ROSTER_VERSIONING: &str = "urn:xmpp:features:rosterver";
/// RFC 6121, 3.4: subscriptions that are granted beforehand.
pub const PRE_APPROVAL: &str = "urn:xmpp:features:pre-approval";
/// RFC 7395: framing over WebSocket.
pub const FRAMING: &str = "urn:ietf:params:xml:ns:xmpp-framing";
/// The `xml:` prefix.
pub const XML: &str = "http://www.w3.org/XML/1998/namespace";

/// XEP-0004: data forms.
pub const DATA_FORMS: &str = "jabber:x:data";
/// XEP-0012: last activity.
pub const LAST_ACTIVITY: &str = "jabber:iq:last";
/// XEP-0030: service discovery, information.
pub const DISCO_INFO: &str = "http://jabber.org/protocol/disco#info";
/// XEP-0030: service discovery, items.
pub const DISCO_ITEMS: &str = "http://jabber.org/protocol/disco#items";
/// RFC 6351: vCard4.
pub const VCARD4: &str = "urn:ietf:params:xml:ns:vcard-4.0";
/// XEP-0292: node of a vCard4.
pub const VCARD4_NODE: &str = "urn:xmpp:vcard4";
/// XEP-0054: vcard-temp.
pub const VCARD_TEMP: &str = "vcard-temp";
/// XEP-0059: result set management.
pub const RSM: &str = "http://jabber.org/protocol/rsm";
/// XEP-0077: in-band registration.
pub const REGISTER: &str = "jabber:iq:register";
/// XEP-0077: stream feature for registration.
pub const REGISTER_FEATURE: &str = "http://jabber.org/features/iq-register";
/// XEP-0085: chat state notifications.
pub const CHAT_STATES: &str = "http://jabber.org/protocol/chatstates";
/// XEP-0092: software version.
pub const VERSION: &str = "jabber:iq:version";
/// XEP-0115: entity capabilities.
pub const CAPS: &str = "http://jabber.org/protocol/caps";
/// XEP-0172: user nickname.
pub const NICK: &str = "http://jabber.org/protocol/nick";
/// XEP-0184: message delivery receipts.
pub const RECEIPTS: &str = "urn:xmpp:receipts";
/// XEP-0191: blocking command.
pub const BLOCKING: &str = "urn:xmpp:blocking";
/// XEP-0191: why a stanza to somebody blocked is not sent.
pub const BLOCKING_ERRORS: &str = "urn:xmpp:blocking:errors";
/// XEP-0198: stream management.
pub const SM: &str = "urn:xmpp:sm:3";
/// XEP-0199: ping.
pub const PING: &str = "urn:xmpp:ping";
/// XEP-0202: entity time.
pub const TIME: &str = "urn:xmpp:time";
/// XEP-0203: delayed delivery.
pub const DELAY: &str = "urn:xmpp:delay";
/// XEP-0227: portable export of a server's data.
pub const PIE: &str = "urn:xmpp:pie:0";
/// XEP-0227: SCRAM credentials in an export.
pub const PIE_SCRAM: &str = "urn:xmpp:pie:0#scram";
/// XEP-0227: the message archive in an export.
pub const PIE_ARCHIVE: &str = "urn:xmpp:pie:0#mam";
/// Ours: what XEP-0227 has no place for.
pub const EXPORT: &str = "urn:startalk:export:0";
/// XInclude: other files of an export.
pub const XINCLUDE: &str = "http://www.w3.org/2001/XInclude";
/// XEP-0280: message carbons.
pub const CARBONS: &str = "urn:xmpp:carbons:2";
/// XEP-0297: stanza forwarding.
pub const FORWARD: &str = "urn:xmpp:forward:0";
/// XEP-0308: last message correction.
pub const CORRECTION: &str = "urn:xmpp:message-correct:0";
/// XEP-0313: message archive management.
pub const MAM: &str = "urn:xmpp:mam:2";
/// XEP-0313: extended archive queries.
pub const MAM_EXTENDED: &str = "urn:xmpp:mam:2#extended";
/// XEP-0431: full-text search in archives.
pub const FULLTEXT: &str = "urn:xmpp:fulltext:0";
/// XEP-0122: what a field of a form may hold.
pub const FORM_VALIDATE: &str = "http://jabber.org/protocol/xdata-validate";
/// XEP-0160: messages are kept for who is away.
pub const OFFLINE: &str = "msgoffline";
/// XEP-0319: last user interaction in presence.
pub const IDLE: &str = "urn:xmpp:idle:1";
/// XEP-0333: displayed markers.
pub const MARKERS: &str = "urn:xmpp:chat-markers:0";
/// XEP-0016: privacy lists.
pub const PRIVACY: &str = "jabber:iq:privacy";
/// XEP-0334: message processing hints.
pub const HINTS: &str = "urn:xmpp:hints";
/// XEP-0352: client state indication.
pub const CSI: &str = "urn:xmpp:csi:0";
/// XEP-0359: unique and stable stanza ids.
pub const STANZA_ID: &str = "urn:xmpp:sid:0";
/// XEP-0401: easy user onboarding (invitations).
pub const INVITE: &str = "urn:xmpp:invite";
/// XEP-0424: message retraction.
pub const RETRACT: &str = "urn:xmpp:message-retract:1";
/// XEP-0424: an archive leaves a mark where a message was retracted.
pub const RETRACT_TOMBSTONE: &str = "urn:xmpp:message-retract:1#tombstone";
/// XEP-0440: SASL channel-binding type capability.
pub const SASL_CB: &str = "urn:xmpp:sasl-cb:0";
/// XEP-0444: message reactions.
pub const REACTIONS: &str = "urn:xmpp:reactions:0";
/// XEP-0445: pre-authenticated in-band registration.
pub const PREAUTH: &str = "urn:xmpp:pars:0";
/// XEP-0445: stream feature for a registration by invitation.
pub const IBR_TOKEN: &str = "urn:xmpp:ibr-token:0";
/// XEP-0045: multi-user chat, joining.
pub const MUC: &str = "http://jabber.org/protocol/muc";
/// XEP-0045: what users of a room see and do.
pub const MUC_USER: &str = "http://jabber.org/protocol/muc#user";
/// XEP-0045: roles and affiliations.
pub const MUC_ADMIN: &str = "http://jabber.org/protocol/muc#admin";
/// XEP-0045: configuration and destruction.
pub const MUC_OWNER: &str = "http://jabber.org/protocol/muc#owner";
/// XEP-0045, 15.5.3: the form of a room's configuration.
pub const MUC_ROOM_CONFIG: &str = "http://jabber.org/protocol/muc#roomconfig";
/// XEP-0045, 15.5.4: what discovery says of a room.
pub const MUC_ROOM_INFO: &str = "http://jabber.org/protocol/muc#roominfo";
/// XEP-0045, 15.5.1: the form for a nickname of one's own.
pub const MUC_REGISTER: &str = "http://jabber.org/protocol/muc#register";
/// XEP-0045, 15.5.2: the form that asks for voice.
pub const MUC_REQUEST: &str = "http://jabber.org/protocol/muc#request";
/// XEP-0307: unique room names.
pub const MUC_UNIQUE: &str = "http://jabber.org/protocol/muc#unique";
/// XEP-0045: messages of a room have a stable id.
pub const MUC_STABLE_ID: &str = "http://jabber.org/protocol/muc#stable_id";
/// XEP-0410: self-ping optimisation.
pub const MUC_SELF_PING: &str = "http://jabber.org/protocol/muc#self-ping-optimization";
/// XEP-0249: direct invitations.
pub const DIRECT_INVITE: &str = "jabber:x:conference";
/// XEP-0421: the same person under another nickname.
pub const OCCUPANT_ID: &str = "urn:xmpp:occupant-id:0";
/// XEP-0425: moderated retraction.
pub const MODERATION: &str = "urn:xmpp:message-moderate:1";
/// XEP-0153: avatars in presence.
pub const VCARD_UPDATE: &str = "vcard-temp:x:update";
/// XEP-0060.
pub const PUBSUB: &str = "http://jabber.org/protocol/pubsub";
/// XEP-0060: what subscribers are told.
pub const PUBSUB_EVENT: &str = "http://jabber.org/protocol/pubsub#event";
/// XEP-0060: what only the owner of a node may do.
pub const PUBSUB_OWNER: &str = "http://jabber.org/protocol/pubsub#owner";
/// XEP-0060: conditions of its own.
pub const PUBSUB_ERRORS: &str = "http://jabber.org/protocol/pubsub#errors";
/// XEP-0060: configuration of a node.
pub const PUBSUB_NODE_CONFIG: &str = "http://jabber.org/protocol/pubsub#node_config";
/// XEP-0060: what a publisher expects of a node.
pub const PUBSUB_PUBLISH_OPTIONS: &str = "http://jabber.org/protocol/pubsub#publish-options";
/// XEP-0060: what discovery says of a node.
pub const PUBSUB_META_DATA: &str = "http://jabber.org/protocol/pubsub#meta-data";
/// XEP-0084: the picture.
pub const AVATAR_DATA: &str = "urn:xmpp:avatar:data";
/// XEP-0084: what is known of the picture.
pub const AVATAR_METADATA: &str = "urn:xmpp:avatar:metadata";
/// XEP-0398.
pub const AVATAR_CONVERSION: &str = "urn:xmpp:pep-vcard-conversion:0";
/// XEP-0402.
pub const BOOKMARKS: &str = "urn:xmpp:bookmarks:1";
/// XEP-0402: bookmarks of older clients are kept in step.
pub const BOOKMARKS_COMPAT: &str = "urn:xmpp:bookmarks:1#compat";
/// XEP-0048.
pub const LEGACY_BOOKMARKS: &str = "storage:bookmarks";
/// XEP-0049.
pub const PRIVATE: &str = "jabber:iq:private";
/// XEP-0055.
pub const SEARCH: &str = "jabber:iq:search";
/// XEP-0083: what stands between a group and one inside it.
pub const ROSTER_DELIMITER: &str = "roster:delimiter";
/// XEP-0402: bookmarks in the node of XEP-0048 are kept in step.
pub const BOOKMARKS_COMPAT_PEP: &str = "urn:xmpp:bookmarks:1#compat-pep";
/// XEP-0490: how far one has read.
pub const DISPLAYED_SYNC: &str = "urn:xmpp:mds:displayed:0";
/// XEP-0215: external services.
pub const EXTERNAL_SERVICES: &str = "urn:xmpp:extdisco:2";
/// XEP-0357: push notifications.
pub const PUSH: &str = "urn:xmpp:push:0";
/// XEP-0357: the form that says what there is to fetch.
pub const PUSH_SUMMARY: &str = "urn:xmpp:push:summary";
/// XEP-0363: upload over HTTP.
pub const HTTP_UPLOAD: &str = "urn:xmpp:http:upload:0";
/// XEP-0363: what a file is uploaded for.
pub const HTTP_UPLOAD_PURPOSE: &str = "urn:xmpp:http:upload:purpose:0";
/// XEP-0157: the form with the addresses of who runs the server.
pub const SERVER_INFO: &str = "http://jabber.org/network/serverinfo";
/// XEP-0050: ad-hoc commands.
pub const COMMANDS: &str = "http://jabber.org/protocol/commands";
/// XEP-0133: service administration.
pub const ADMIN: &str = "http://jabber.org/protocol/admin";
/// XEP-0425 as older clients know it.
pub const MODERATION_0: &str = "urn:xmpp:message-moderate:0";
/// XEP-0424 as older clients know it.
pub const RETRACT_0: &str = "urn:xmpp:message-retract:0";
/// XEP-0422, in which older clients wrap moderation.
pub const FASTEN: &str = "urn:xmpp:fasten:0";
/// XEP-0388: SASL 2.
pub const SASL2: &str = "urn:xmpp:sasl:2";
/// XEP-0386: Bind 2.
pub const BIND2: &str = "urn:xmpp:bind:0";
/// XEP-0484: fast authentication by token.
pub const FAST: &str = "urn:xmpp:fast:0";
/// The clients of one's own account, as Prosody 13 (`mod_client_management`) shows
/// and ends them.
pub const CLIENTS: &str = "xmpp:prosody.im/protocol/manage-clients";
/// Ours: what the list of clients does not say of sessions.
pub const OWN_SESSION: &str = "urn:startalk:session:0";
/// XEP-0478: limits of a stream.
pub const STREAM_LIMITS: &str = "urn:xmpp:stream-limits:0";
/// XEP-0066: an address outside the stream.
pub const OOB: &str = "jabber:x:oob";
/// XEP-0103: where something can be fetched.
pub const URL_DATA: &str = "http://jabber.org/protocol/url-data";
/// XEP-0234: what a file is.
pub const JINGLE_FILE: &str = "urn:xmpp:jingle:apps:file-transfer:5";
/// XEP-0300: hashes.
pub const HASHES: &str = "urn:xmpp:hashes:2";
/// XEP-0372: references, such as mentions.
pub const REFERENCES: &str = "urn:xmpp:reference:0";
/// XEP-0380: with what a message is encrypted.
pub const ENCRYPTION: &str = "urn:xmpp:eme:0";
/// XEP-0385: media in a message.
pub const MEDIA_SHARING: &str = "urn:xmpp:sims:1";
/// XEP-0393: whether a text is styled.
pub const STYLING: &str = "urn:xmpp:styling:0";
/// XEP-0428: what a text says for programs that know no better.
pub const FALLBACK: &str = "urn:xmpp:fallback:0";
/// XEP-0446: what a file is.
pub const FILE_METADATA: &str = "urn:xmpp:file:metadata:0";
/// XEP-0447: files in a message.
pub const FILE_SHARING: &str = "urn:xmpp:sfs:0";
/// XEP-0461: replies.
pub const REPLY: &str = "urn:xmpp:reply:0";
/// XEP-0492: of what one wants to be told.
pub const NOTIFICATION_SETTINGS: &str = "urn:xmpp:notification-settings:1";
/// XEP-0469: bookmarks that are pinned.
pub const PINNING: &str = "urn:xmpp:bookmarks-pinning:0";
/// Ours: what was decided about conversations that have no bookmark.
pub const CONVERSATIONS: &str = "urn:startalk:conversations:0";
