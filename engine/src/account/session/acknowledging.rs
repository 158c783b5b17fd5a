//! Acknowledgements, ours and the server's (XEP-0198, section 4).

use xmpp_core::element::build;
use xmpp_core::{Element, ns};

use super::{Session, Unplaced};
use crate::connection::ConnectError;
use crate::store::outbox;

impl Session<'_> {
    pub(super) async fn stream_management(
        &mut self,
        element: &Element,
    ) -> Result<(), ConnectError> {
        match element.name() {
            "r" => {
                if let Some(sm) = &self.sm {
                    let answer = build("a", ns::SM)
                        .attr("h", sm.inbound.h().to_string())
                        .done();
                    self.transport.send(&answer).await?;
                }
                Ok(())
            }
            "a" => match element.attr("h").and_then(|h| h.parse().ok()) {
                Some(h) => {
                    self.acknowledged(h).await?;
                    self.send_outbox().await
                }
                None => Err(ConnectError::NotXmpp(
                    "acknowledgement without a count".to_owned(),
                )),
            },
            _ => Ok(()),
        }
    }

    /// The server has these, on disk: their rows go.
    pub(super) async fn acknowledged(&mut self, h: u32) -> Result<(), ConnectError> {
        let Some(sm) = &mut self.sm else {
            return Ok(());
        };
        let settled = sm
            .outbound
            .acknowledge(h)
            .map_err(|error| ConnectError::NotXmpp(error.to_string()))?;
        self.unplaced.remove(Unplaced::of(settled.iter()));
        let rows: Vec<i64> = settled.into_iter().filter_map(|sent| sent.row).collect();
        self.settle(rows).await
    }

    pub(super) async fn settle(&mut self, rows: Vec<i64>) -> Result<(), ConnectError> {
        if rows.is_empty() {
            return Ok(());
        }
        for row in &rows {
            self.in_flight.remove(row);
        }
        let changed = self
            .shared
            .store
            .write(move |tx| outbox::sent(tx, &rows))
            .await?;
        for conversation in changed {
            self.shared.messages_changed(&conversation);
        }
        Ok(())
    }

    /// What an earlier connection sent and nobody is known to have goes out again,
    /// but for what this session still has on its way.
    pub(super) async fn requeue(&mut self) -> Result<(), ConnectError> {
        let (keep, joined) = (self.in_flight.clone(), self.shared.rooms.joined());
        let changed = self
            .shared
            .store
            .write(move |tx| outbox::requeue(tx, &keep, &joined))
            .await?;
        for conversation in changed {
            self.shared.messages_changed(&conversation);
        }
        Ok(())
    }
}
