//! SASL 2 (XEP-0388): sign-in, resumption (XEP-0198) or binding (XEP-0386) and a
//! token (XEP-0484) in one breath.

use std::sync::Arc;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use xmpp_core::element::build;
use xmpp_core::sasl::TokenMechanism;
use xmpp_core::stream;
use xmpp_core::{Element, ns};

use super::auth::{self, Account, Exchange, Failure, Profile, Proof};
use super::bound::Session;
use super::clients::{self, Agent, Client};
use super::negotiation::{not_resumed, session_to_resume};
use super::offer::{self, Offer};
use super::tokens::{self, Attempt, ClientId, Proven};
use super::{ResumeRequest, refuse};
use crate::mailbox::NotSent;
use crate::server::Server;
use crate::transport::{Transport, TransportError};

/// What a client asks for besides the sign-in itself.
struct Wishes {
    client: Option<ClientId>,
    agent: Agent,
    resume: Option<Element>,
    bind: Option<Element>,
    token: Option<TokenMechanism>,
}

/// What `<success/>` will say.
pub(crate) struct Success {
    server: Arc<Server>,
    /// What the mechanism says at its end.
    data: Option<Vec<u8>>,
    /// What came of the wishes, in the order of the specifications.
    results: Vec<Element>,
}

impl Success {
    /// The element itself, and the features of the stream that follow it.
    pub(crate) fn to_xml(
        &self,
        address: &str,
        result: Option<Element>,
        features: &[Element],
    ) -> Result<[String; 2], TransportError> {
        let data = self
            .data
            .as_ref()
            .map(|data| build("additional-data", ns::SASL2).text(STANDARD.encode(data)));
        let success = build("success", ns::SASL2)
            .children(data)
            .child(build("authorization-identifier", ns::SASL2).text(address))
            .children(result)
            .children(self.results.iter().cloned())
            .done();
        let success = xmpp_core::element::write(&success)?;
        Ok([success, stream::features(features)?])
    }

    /// For who is bound or has resumed.
    pub(crate) fn bound_xml(
        &self,
        address: &str,
        result: Element,
    ) -> Result<[String; 2], TransportError> {
        self.to_xml(address, Some(result), &offer::bound(&self.server))
    }
}

/// Where a sign-in has led.
pub(super) enum Outcome {
    /// To a session.
    Bound(Box<Session>),
    /// To a session that has taken the connection, or to the end of it.
    Gone,
    /// To a stream without a resource.
    Unbound(Box<Transport>, Account),
}

/// Who has signed in, and what else it asked for.
pub(super) struct SignedIn {
    account: Account,
    success: Success,
    wishes: Wishes,
}

/// The exchange that `<authenticate/>` begins; `None` after a `<failure/>`.
pub(super) async fn authenticate(
    server: &Arc<Server>,
    transport: &mut Transport,
    offer: &Offer,
    from: Option<&str>,
    request: Element,
) -> Result<Option<SignedIn>, TransportError> {
    let agent = request.get_child("user-agent", ns::SASL2);
    let wishes = Wishes {
        client: agent.and_then(tokens::client_id),
        agent: agent.map(Agent::read).unwrap_or_default(),
        resume: request.get_child("resume", ns::SM).cloned(),
        bind: request.get_child("bind", ns::BIND2).cloned(),
        token: request
            .get_child("request-token", ns::FAST)
            .and_then(|wanted| offer.token(wanted.attr("mechanism")?)),
    };
    let claim = Claim {
        mechanism: request.attr("mechanism").unwrap_or_default().to_owned(),
        initial: request
            .get_child("initial-response", ns::SASL2)
            .map(Element::text),
        fast: request.get_child("fast", ns::FAST).cloned(),
    };
    let used = offer.token(&claim.mechanism);
    // The client takes its time for what follows: only what is needed is kept.
    drop(request);
    let result = prove(server, transport, offer, from, claim, &wishes).await;
    let profile = Profile::Sasl2;
    let Some(proven) = auth::conclude(server, transport, profile, result).await? else {
        return Ok(None);
    };
    let Proof { account, data } = proven.proof;
    tracing::info!(peer = %transport.peer, user = account.user, "signed in");
    let mut results = Vec::new();
    // The one that was asked for, or one like the one that ends soon.
    let wanted = wishes.token.or(used.filter(|_| proven.is_due));
    if let (Some(client), Some(mechanism)) = (wishes.client, wanted) {
        results.extend(tokens::issue(server, &account, client, mechanism).await);
    }
    let success = Success {
        server: Arc::clone(server),
        data,
        results,
    };
    Ok(Some(SignedIn {
        account,
        success,
        wishes,
    }))
}

/// With what somebody wants to prove who they are.
struct Claim {
    mechanism: String,
    initial: Option<String>,
    fast: Option<Element>,
}

async fn prove(
    server: &Server,
    transport: &mut Transport,
    offer: &Offer,
    from: Option<&str>,
    claim: Claim,
    wishes: &Wishes,
) -> Result<Proven, Failure> {
    let Claim {
        mechanism: name,
        initial,
        fast,
    } = claim;
    // Tokens are for who says that this is one (XEP-0484, section 4.4).
    if let (Some(fast), Some(mechanism)) = (&fast, offer.token(&name)) {
        let message = auth::decode(&initial.ok_or(Failure::MalformedRequest)?)?;
        let binding = mechanism.binding(&transport.channel.binding);
        let attempt = Attempt {
            mechanism,
            binding: binding.ok_or(Failure::InvalidMechanism)?.to_vec(),
            message: &message,
            client: wishes.client,
            peer: transport.peer,
            fast,
        };
        return tokens::prove(server, attempt).await;
    }
    let exchange = Exchange {
        server,
        transport,
        offer,
        profile: Profile::Sasl2,
        from,
    };
    let proof = exchange.run(&name, initial.as_deref()).await?;
    if let Some(client) = wishes.client {
        clients::refuse_once(server, &proof.account.user, client).await?;
    }
    Ok(Proven {
        proof,
        is_due: false,
    })
}

/// Does what was asked for besides: first the resumption, and only if that
/// fails the binding (XEP-0386, section 4.2). Says `<success/>` and the features.
pub(super) async fn establish(
    server: &Arc<Server>,
    mut transport: Transport,
    signed_in: SignedIn,
) -> Result<Outcome, TransportError> {
    let SignedIn {
        account,
        mut success,
        wishes,
    } = signed_in;
    if let Some(resume) = &wishes.resume {
        if let Some((session, h)) = session_to_resume(server, &account, resume) {
            let request = ResumeRequest {
                transport,
                h,
                success: Some(success),
            };
            match session.send(Box::new(request)) {
                Ok(()) => return Ok(Outcome::Gone),
                // It ended in this very moment, or many want it at once.
                Err(NotSent::Full(request) | NotSent::Closed(request)) => {
                    let request = *request;
                    transport = request.transport;
                    let Some(back) = request.success else {
                        return Ok(Outcome::Gone);
                    };
                    success = back;
                }
            }
        }
        success.results.insert(0, not_resumed());
    }
    let Some(bind) = &wishes.bind else {
        let own = server.bare(&account.user);
        let xml = success.to_xml(&own, None, &offer::unbound(server))?;
        for element in xml {
            transport.send(&element).await?;
        }
        return Ok(Outcome::Unbound(Box::new(transport), account));
    };
    let client = wishes.client.map(|id| Client {
        id,
        agent: wishes.agent,
    });
    let made = Session::bind2(server, account, client, transport.peer, bind).await;
    let (session, bound) = match made {
        Ok(made) => made,
        Err(condition) => {
            let error = TransportError::Bad(condition.into());
            return Err(refuse(server, transport, error).await);
        }
    };
    let xml = success.bound_xml(session.address.as_str(), bound)?;
    Ok(match session.connect(transport, &xml).await {
        Some(session) => Outcome::Bound(Box::new(session)),
        None => Outcome::Gone,
    })
}
