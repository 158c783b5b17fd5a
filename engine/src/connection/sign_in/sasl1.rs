//! SASL as RFC 6120, section 6, has it.

use xmpp_core::element::build;
use xmpp_core::ns;

use super::super::dial::Opened;
use super::super::{ConnectError, exchange_ended};
use super::exchange::refusal;
use super::offer::Offer;
use super::{Attempt, SignedIn};

impl Attempt<'_> {
    pub(super) async fn sasl1(
        &self,
        mut opened: Opened,
        offer: Offer,
    ) -> Result<SignedIn, ConnectError> {
        let transport = &mut opened.transport;
        let mut exchange = self.password(&offer)?;
        let auth = build("auth", ns::SASL)
            .attr("mechanism", exchange.name())
            .text(exchange.initial().as_str());
        transport.send(&auth.done()).await?;
        loop {
            let element = transport.next_element().await?;
            if element.is("challenge", ns::SASL) {
                let answer = exchange.answer(self.connector, &element).await?;
                let response = build("response", ns::SASL).text(answer);
                transport.send(&response.done()).await?;
            } else if element.is("success", ns::SASL) {
                let data = element.text();
                exchange.finish(Some(data.trim()).filter(|data| !data.is_empty()))?;
                break;
            } else if element.is("failure", ns::SASL) {
                return Err(refusal(&element));
            } else {
                return Err(exchange_ended(&element));
            }
        }
        self.proven(&exchange).await;
        // Nothing of before counts any more (RFC 6120, section 6.4.6).
        let features = transport.open(self.domain, Some(self.from)).await?;
        Ok(SignedIn {
            transport: opened.transport,
            features,
            bound: None,
            resumed: None,
            not_resumed: None,
        })
    }
}
