//! Whatever happens in whatever order, the summary says what the rows say.

use proptest::prelude::*;

use super::*;

/// One thing that happens; numbers name messages.
#[derive(Debug, Clone)]
enum Step {
    Hear(u8, bool),
    History(u8),
    Compose(u8),
    Take,
    Acknowledge,
    Refuse(u8),
    Retry(u8),
    Delete(u8),
    See(u8),
    SeenElsewhere(u8),
    ReadByBob(u8),
    Edit(u8, u8),
    BobEdits(u8, u8),
    BobRetracts(u8),
    Retract(u8),
    Requeue,
}

fn step() -> impl Strategy<Value = Step> {
    let n = 0..6_u8;
    prop_oneof![
        3 => (n.clone(), any::<bool>()).prop_map(|(n, mention)| Step::Hear(n, mention)),
        2 => n.clone().prop_map(Step::History),
        3 => n.clone().prop_map(Step::Compose),
        1 => Just(Step::Take),
        1 => Just(Step::Acknowledge),
        1 => n.clone().prop_map(Step::Refuse),
        1 => n.clone().prop_map(Step::Retry),
        1 => n.clone().prop_map(Step::Delete),
        2 => n.clone().prop_map(Step::See),
        1 => n.clone().prop_map(Step::SeenElsewhere),
        1 => n.clone().prop_map(Step::ReadByBob),
        1 => (n.clone(), n.clone()).prop_map(|(n, text)| Step::Edit(n, text)),
        1 => (n.clone(), n.clone()).prop_map(|(n, text)| Step::BobEdits(n, text)),
        1 => n.clone().prop_map(Step::BobRetracts),
        1 => n.prop_map(Step::Retract),
        1 => Just(Step::Requeue),
    ]
}

impl Cache {
    fn id_of(&self, n: u8) -> i64 {
        self.messages().get(usize::from(n)).map_or(-1, |one| one.id)
    }

    fn act(&mut self, step: &Step, turn: usize) {
        match step {
            Step::Hear(n, mention) => {
                let mut message = from_bob(&n.to_string());
                message.extras.mentions_me = *mention;
                self.step(|tx| receive(tx, &message, Place::Newest));
            }
            Step::History(n) => {
                let message = from_bob(&n.to_string());
                let gap = self.gap();
                self.step(|tx| receive(tx, &message, gap));
            }
            Step::Compose(n) => {
                self.compose(&format!("{n}-{turn}"));
            }
            Step::Take => drop(self.step(|tx| outbox::take(tx, &[], 2))),
            Step::Acknowledge => {
                let first = "SELECT id FROM outbox WHERE attempted = 1 ORDER BY id LIMIT 1";
                let row = self.0.query_row(first, [], |row| row.get(0)).unwrap_or(-1);
                self.step(|tx| outbox::sent(tx, &[row]));
            }
            Step::Refuse(n) => {
                let id = self.id_of(*n);
                let wire = get(&self.0, id).unwrap().and_then(|one| one.wire_id);
                self.step(|tx| failed(tx, BOB, &wire.unwrap_or_default(), "not-allowed"));
            }
            Step::Retry(n) => {
                let id = self.id_of(*n);
                self.step(|tx| retry(tx, id, &format!("again-{turn}")));
            }
            Step::Delete(n) => {
                let id = self.id_of(*n);
                self.step(|tx| delete_failed(tx, id));
            }
            Step::See(n) => {
                let id = self.id_of(*n);
                self.step(|tx| mark_displayed(tx, BOB, id));
            }
            Step::SeenElsewhere(n) => drop(self.rosa(&format!("w-{n}"), Said::Displayed, 5)),
            Step::ReadByBob(n) => {
                let id = self.id_of(*n);
                let wire = get(&self.0, id).unwrap().and_then(|one| one.wire_id);
                self.bob(&wire.unwrap_or_default(), Said::Displayed, 5);
            }
            Step::Edit(n, text) => {
                let id = self.id_of(*n);
                let edit_id = format!("e-{turn}");
                self.step(|tx| edit(tx, id, &format!("edit {text}"), &[], &edit_id, 9));
            }
            Step::BobEdits(n, text) => {
                let said = Said::Edit(Box::new(Edit {
                    text: format!("edit {text}"),
                    extras: Extras {
                        mentions_me: text.is_multiple_of(2),
                        ..Extras::default()
                    },
                    wire_id: Some(format!("be-{turn}")),
                    ..Edit::default()
                }));
                self.bob(&format!("b-{n}"), said, i64::from(*text) + 5);
            }
            Step::BobRetracts(n) => drop(self.bob(&format!("w-{n}"), Said::Retract, 7)),
            Step::Retract(n) => {
                let id = self.id_of(*n);
                self.step(|tx| retract(tx, id, &format!("r-{turn}"), 9));
            }
            Step::Requeue => drop(self.step(|tx| outbox::requeue(tx, &Default::default(), &[]))),
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 200, failure_persistence: None, ..Default::default() })]

    #[test]
    fn the_summary_is_what_the_rows_say(steps in prop::collection::vec(step(), 1..40)) {
        let mut cache = Cache::new();
        cache.step(|tx| conversations::ensure(tx, BOB));
        for (turn, step) in steps.iter().enumerate() {
            cache.act(step, turn);
            let kept: (i64, i64, Option<i64>, i64, Option<i64>, i64) = cache.0.query_row(
                "SELECT unread, unread_mentions, last_message, last_position, last_time_ms,
                        read_position FROM conversations WHERE id = ?1",
                [BOB],
                |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?, row.get(3)?, row.get(4)?, row.get(5)?)),
            ).unwrap();
            let messages = cache.messages();
            let unread: Vec<_> = messages
                .iter()
                .filter(|one| !one.outgoing && one.position > kept.5 && one.retracted.is_none())
                .collect();
            let mentions = unread.iter().filter(|one| one.extras.mentions_me).count();
            prop_assert_eq!(kept.0, i64::try_from(unread.len()).unwrap(), "after {:?}", step);
            prop_assert_eq!(kept.1, i64::try_from(mentions).unwrap(), "after {:?}", step);
            let last = messages.last();
            prop_assert_eq!(kept.2, last.map(|one| one.id), "after {:?}", step);
            prop_assert_eq!(kept.3, last.map_or(0, |one| one.position));
            prop_assert_eq!(kept.4, last.map(|one| one.time_ms));
            // What waits to be sent is a message that waits.
            for row in cache.outbox() {
                if row.kind == OutboxKind::Message {
                    prop_assert_eq!(row.message.unwrap().state, State::Waiting);
                }
            }
        }
    }
}
