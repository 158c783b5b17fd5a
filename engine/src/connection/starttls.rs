//! STARTTLS (RFC 6120, section 5), as far as it is in clear: nothing is said
//! there but that we want to encrypt.

use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use xmpp_core::element::{self, StreamPrefixes, build};
use xmpp_core::framing::{Frame, Framer, FramingLimits};
use xmpp_core::ns;
use xmpp_core::stream::StreamHeader;

use super::transport::{check_version, stream_error};
use super::{ConnectError, Kind};

/// Goes up to the point from which on TLS is spoken.
pub(super) async fn start(
    socket: &mut (impl AsyncRead + AsyncWrite + Unpin),
    domain: &str,
) -> Result<(), ConnectError> {
    let header = StreamHeader {
        to: Some(domain.to_owned()),
        version: Some("1.0".to_owned()),
        ..StreamHeader::default()
    };
    socket.write_all(header.to_tcp().as_bytes()).await?;
    let mut framer = Framer::new(FramingLimits::default());
    let mut prefixes = StreamPrefixes::default();
    let mut asked = false;
    let mut buffer = [0; 4096];
    loop {
        while let Some(frame) = framer.next_frame()? {
            let element = match frame {
                Frame::Open(tag) => {
                    let (header, declared) = StreamHeader::parse_tcp(&tag)?;
                    check_version(&header)?;
                    prefixes = declared;
                    continue;
                }
                Frame::Element(bytes) => element::parse_in_stream(&bytes, &prefixes)?,
                Frame::Close => return Err(ConnectError::NotXmpp("closed before TLS".to_owned())),
            };
            if let Some(error) = stream_error(&element, Kind::StartTls) {
                return Err(error);
            }
            if element.is("features", ns::STREAM) && !asked {
                if !element.has_child("starttls", ns::TLS) {
                    return Err(ConnectError::NoMechanism("no STARTTLS there".to_owned()));
                }
                asked = true;
                socket
                    .write_all(element::write(&build("starttls", ns::TLS).done())?.as_bytes())
                    .await?;
            } else if element.is("proceed", ns::TLS) && asked {
                // Bytes behind it in clear would be taken for encrypted ones.
                return match framer.has_leftover() {
                    false => Ok(()),
                    true => Err(ConnectError::NotXmpp("text injected before TLS".to_owned())),
                };
            } else {
                return Err(ConnectError::NotXmpp("STARTTLS refused".to_owned()));
            }
        }
        match socket.read(&mut buffer).await? {
            0 => return Err(ConnectError::NotXmpp("closed before TLS".to_owned())),
            read => framer.push(buffer.get(..read).unwrap_or_default()),
        }
    }
}
