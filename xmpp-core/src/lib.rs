//! The protocol that both ends of the wire share.
//!
//! Pure: no sockets, no clock, no randomness, no SQL, no async runtime. Nonces,
//! salts and times are passed in; bytes go in and come out.
//!
//! * [`framing`]: bytes of a TCP stream to top-level elements, with limits
//! * [`element`]: one element from and to text
//! * [`stream`]: stream headers and stream errors (RFC 6120, section 4)
//! * [`stanza_error`]: stanza errors (RFC 6120, section 8.3)
//! * [`sasl`]: mechanisms, SCRAM for both roles, PLAIN
//! * [`stream_management`]: acknowledgement counters (XEP-0198), for either role
//! * [`rules`]: decisions on which both ends must agree
//! * [`caps`]: what the hash of capabilities is of (XEP-0115)
//! * [`names`]: from the name of a person to a localpart
//! * [`datetime`]: dates and times (XEP-0082)
//! * [`uri`]: addresses as URIs (RFC 5122)
//! * [`ns`]: the namespaces

pub mod caps;
pub mod datetime;
pub mod element;
pub mod framing;
pub mod names;
pub mod ns;
pub mod rules;
pub mod sasl;
pub mod stanza_error;
pub mod stream;
pub mod stream_management;
pub mod uri;
pub mod written;

pub use minidom::Element;
