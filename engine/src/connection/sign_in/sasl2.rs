//! SASL 2 (XEP-0388), and what goes along with it: tokens (XEP-0484), resuming
//! (XEP-0198) and binding (XEP-0386).

use sha2::{Digest, Sha256};
use xmpp_core::element::{Build, build};
use xmpp_core::{Element, ns};

use super::super::dial::Opened;
use super::super::{ConnectError, Connector, Transport, exchange_ended};
use super::exchange::{Exchange, refusal};
use super::memory::Token;
use super::offer::Offer;
use super::{Attempt, Bound, Enabled, Login, NotResumed, Purpose, Resumed, SignedIn};

/// Shown where the user sees all devices.
const SOFTWARE: &str = "Startalk";

/// What a server offers, if it has SASL 2 with a way of ours in it.
pub(super) fn offered(features: &Element) -> Option<&Element> {
    features
        .get_child("authentication", ns::SASL2)
        .filter(|authentication| authentication.has_child("mechanism", ns::SASL2))
}

/// How an exchange ended, if the server did not end the stream.
enum End {
    Success(Element),
    Failure(Element),
}

impl Attempt<'_> {
    pub(super) async fn sasl2(
        &self,
        mut opened: Opened,
        offer: Offer,
    ) -> Result<SignedIn, ConnectError> {
        let transport = &mut opened.transport;
        let had_token = self
            .login
            .memory
            .is_some_and(|memory| memory.token().is_some());
        if let Some((success, exchange)) = self.with_token(transport, &offer).await? {
            return self.conclude(opened, &offer, &success, exchange).await;
        }
        let mut exchange = self.password(&offer)?;
        let mut request = self.request(&exchange, &offer);
        if let (Purpose::Session(_), Some(_), Some(mechanism)) =
            (self.purpose, self.login.memory, offer.token())
        {
            let wanted = build("request-token", ns::FAST).attr("mechanism", mechanism.as_str());
            request = request.child(wanted);
        }
        let ended = run(self.connector, transport, &mut exchange, request).await;
        match ended {
            Ok(End::Success(success)) => self.conclude(opened, &offer, &success, exchange).await,
            Ok(End::Failure(failure)) => Err(refusal(&failure)),
            // One try for each stream: the password gets one of its own.
            Err(ConnectError::Lost(_) | ConnectError::Stream(_)) if had_token => {
                Err(ConnectError::TokenRefused)
            }
            Err(error) => Err(error),
        }
    }

    /// With the token of an earlier sign-in; nothing if there is none or it is
    /// refused.
    async fn with_token(
        &self,
        transport: &mut Transport,
        offer: &Offer,
    ) -> Result<Option<(Element, Exchange)>, ConnectError> {
        let (Purpose::Session(_), Some(memory)) = (self.purpose, self.login.memory) else {
            return Ok(None);
        };
        let exchange = memory
            .token()
            .and_then(|token| Exchange::token(token, offer, self.login.username));
        let Some(mut exchange) = exchange else {
            return Ok(None);
        };
        let request = self
            .request(&exchange, offer)
            .child(build("fast", ns::FAST));
        match run(self.connector, transport, &mut exchange, request).await? {
            End::Success(success) => Ok(Some((success, exchange))),
            End::Failure(failure) => match refusal(&failure) {
                busy @ ConnectError::Busy(_) => Err(busy),
                // It has run out, or was revoked. The password is tried next.
                _ => {
                    memory.keep_token(self.connector, None).await;
                    Ok(None)
                }
            },
        }
    }

    /// `<authenticate/>` with everything that is wished for.
    fn request(&self, exchange: &Exchange, offer: &Offer) -> Build {
        let mut request = authenticate(self.connector, exchange, self.login.device);
        let Purpose::Session(resume) = self.purpose else {
            return request;
        };
        // Without a way to do both, the session does them by itself.
        if !offer.bind || (resume.is_some() && !offer.resume) {
            return request;
        }
        if let Some(resume) = resume.filter(|_| offer.resume) {
            let element = build("resume", ns::SM)
                .attr("previd", resume.id)
                .attr("h", resume.h.to_string());
            request = request.child(element);
        }
        let mut bind = build("bind", ns::BIND2).child(build("tag", ns::BIND2).text(SOFTWARE));
        if offer.carbons {
            bind = bind.child(build("enable", ns::CARBONS));
        }
        if offer.sm {
            bind = bind.child(build("enable", ns::SM).attr("resume", "true"));
        }
        request.child(bind)
    }

    async fn conclude(
        &self,
        mut opened: Opened,
        offer: &Offer,
        success: &Element,
        exchange: Exchange,
    ) -> Result<SignedIn, ConnectError> {
        self.proven(&exchange).await;
        if let Some(memory) = self.login.memory
            && let Some(token) = Token::from_success(success, &exchange, offer)
        {
            memory.keep_token(self.connector, Some(token)).await;
        }
        let resumed = success.get_child("resumed", ns::SM).and_then(count);
        let not_resumed = success
            .get_child("failed", ns::SM)
            .map(|failed| NotResumed { h: count(failed) });
        let address = success
            .get_child("authorization-identifier", ns::SASL2)
            .map(Element::text)
            .unwrap_or_default();
        let bound = success
            .get_child("bound", ns::BIND2)
            .map(|bound| self.bound(bound, address, offer));
        let features = match resumed {
            // What was told before the break comes first; nobody waits.
            Some(_) => build("features", ns::STREAM).done(),
            None => features(&mut opened.transport).await?,
        };
        Ok(SignedIn {
            transport: opened.transport,
            features,
            bound,
            resumed: resumed.map(|h| Resumed { h }),
            not_resumed,
        })
    }

    fn bound(&self, bound: &Element, address: String, offer: &Offer) -> Bound {
        let sm = bound.get_child("enabled", ns::SM).map(|enabled| {
            let resumable = matches!(enabled.attr("resume"), Some("true" | "1"));
            let id = enabled.attr("id").filter(|_| resumable);
            Enabled {
                id: id.map(str::to_owned),
            }
        });
        let archive_end = bound
            .get_child("metadata", ns::MAM)
            .and_then(|metadata| metadata.get_child("end", ns::MAM))
            .and_then(|end| end.attr("id"))
            .map(str::to_owned);
        Bound {
            address,
            sm,
            carbons: offer.carbons && !bound.has_child("failed", ns::CARBONS),
            archive_end,
        }
    }
}

/// Signs in with the token for the last time.
pub(super) async fn revoke(
    connector: &Connector,
    opened: &mut Opened,
    login: Login<'_>,
    token: &Token,
) -> Result<(), ConnectError> {
    let Some(authentication) = offered(&opened.features) else {
        return Ok(());
    };
    let offer = Offer::sasl2(opened, authentication);
    let Some(mut exchange) = Exchange::token(token.clone(), &offer, login.username) else {
        return Ok(());
    };
    let fast = build("fast", ns::FAST).attr("invalidate", "true");
    let request = authenticate(connector, &exchange, login.device).child(fast);
    match run(connector, &mut opened.transport, &mut exchange, request).await? {
        // Refused is as good: it is worth nothing already.
        End::Success(_) | End::Failure(_) => Ok(()),
    }
}

fn authenticate(connector: &Connector, exchange: &Exchange, device: &str) -> Build {
    let name = &connector.device_name;
    let name = (!name.is_empty()).then(|| build("device", ns::SASL2).text(&**name));
    let agent = build("user-agent", ns::SASL2)
        .attr("id", client_id(device))
        .child(build("software", ns::SASL2).text(SOFTWARE))
        .children(name);
    build("authenticate", ns::SASL2)
        .attr("mechanism", exchange.name())
        .child(build("initial-response", ns::SASL2).text(exchange.initial().as_str()))
        .child(agent)
}

async fn run(
    connector: &Connector,
    transport: &mut Transport,
    exchange: &mut Exchange,
    request: Build,
) -> Result<End, ConnectError> {
    transport.send(&request.done()).await?;
    loop {
        let element = transport.next_element().await?;
        if element.is("challenge", ns::SASL2) {
            let answer = exchange.answer(connector, &element).await?;
            let response = build("response", ns::SASL2).text(answer);
            transport.send(&response.done()).await?;
        } else if element.is("success", ns::SASL2) {
            let data = element.get_child("additional-data", ns::SASL2);
            exchange.finish(data.map(Element::text).as_deref())?;
            return Ok(End::Success(element));
        } else if element.is("failure", ns::SASL2) {
            return Ok(End::Failure(element));
        } else if element.is("continue", ns::SASL2) {
            // A second factor (XEP-0388, section 2.6).
            return Err(ConnectError::NoMechanism("another step".to_owned()));
        } else {
            return Err(exchange_ended(&element));
        }
    }
}

/// The features that follow a success.
async fn features(transport: &mut Transport) -> Result<Element, ConnectError> {
    let element = transport.next_element().await?;
    if element.is("features", ns::STREAM) {
        return Ok(element);
    }
    // COMPAT: a server that begins with the session at once.
    transport.give_back(element);
    Ok(build("features", ns::STREAM).done())
}

fn count(element: &Element) -> Option<u32> {
    element.attr("h").and_then(|h| h.parse().ok())
}

/// A UUID that is always the same for a device (XEP-0388, section 2.3.1) and
/// says nothing about it.
fn client_id(device: &str) -> String {
    let hash = Sha256::digest(format!("startalk client {device}"));
    let mut bytes = [0; 16];
    for (byte, hashed) in bytes.iter_mut().zip(hash) {
        *byte = hashed;
    }
    // Version 4, as the specification wants it, and the variant of RFC 9562.
    let number = u128::from_be_bytes(bytes);
    let number = number & !(0xf << 76) & !(0b11 << 62) | (0x4 << 76) | (0b10 << 62);
    let hex = format!("{number:032x}");
    let part = |from: usize, to: usize| hex.get(from..to).unwrap_or_default().to_owned();
    [
        part(0, 8),
        part(8, 12),
        part(12, 16),
        part(16, 20),
        part(20, 32),
    ]
    .join("-")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_device_has_one_id_for_ever() {
        let id = client_id("startalk-abc");
        assert_eq!(id, client_id("startalk-abc"));
        assert_ne!(id, client_id("startalk-abd"));
        let bytes = id.as_bytes();
        assert_eq!((bytes.len(), bytes[14]), (36, b'4'));
        assert!(b"89ab".contains(&bytes[19]), "{id}");
    }
}
