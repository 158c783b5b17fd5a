//! The tables of RFC 6121, appendix A, row by row.

use super::*;

/// The nine states of appendix A.1, in its order.
fn state(name: &str) -> State {
    let (subscription, pending) = name.split_once(" + ").unwrap_or((name, ""));
    let (to, from) = match subscription {
        "None" => (false, false),
        "To" => (true, false),
        "From" => (false, true),
        "Both" => (true, true),
        other => panic!("{other}"),
    };
    let (pending_out, pending_in) = match pending {
        "" => (false, false),
        "Pending Out" => (true, false),
        "Pending In" => (false, true),
        "Pending Out+In" => (true, true),
        other => panic!("{other}"),
    };
    State {
        to,
        from,
        pending_out,
        pending_in,
        approved: false,
    }
}

const STATES: [&str; 9] = [
    "None",
    "None + Pending Out",
    "None + Pending In",
    "None + Pending Out+In",
    "To",
    "To + Pending In",
    "From",
    "From + Pending Out",
    "Both",
];

/// A row: whether the stanza is passed on, and the new state; `=` is no change.
type Table = [(bool, &'static str); 9];

const OUT_SUBSCRIBE: Table = [
    (true, "None + Pending Out"),
    (true, "="),
    (true, "None + Pending Out+In"),
    (true, "="),
    (true, "="),
    (true, "="),
    (true, "From + Pending Out"),
    (true, "="),
    (true, "="),
];
const OUT_UNSUBSCRIBE: Table = [
    (true, "="),
    (true, "None"),
    (true, "="),
    (true, "None + Pending In"),
    (true, "None"),
    (true, "None + Pending In"),
    (true, "="),
    (true, "From"),
    (true, "From"),
];
const OUT_SUBSCRIBED: Table = [
    (false, "="),
    (false, "="),
    (true, "From"),
    (true, "From + Pending Out"),
    (false, "="),
    (true, "Both"),
    (false, "="),
    (false, "="),
    (false, "="),
];
const OUT_UNSUBSCRIBED: Table = [
    (false, "="),
    (false, "="),
    (true, "None"),
    (true, "None + Pending Out"),
    (false, "="),
    (true, "To"),
    (true, "None"),
    (true, "None + Pending Out"),
    (true, "To"),
];
const IN_SUBSCRIBE: Table = [
    (true, "None + Pending In"),
    (true, "None + Pending Out+In"),
    (false, "="),
    (false, "="),
    (true, "To + Pending In"),
    (false, "="),
    (false, "="),
    (false, "="),
    (false, "="),
];
const IN_UNSUBSCRIBE: Table = [
    (false, "="),
    (false, "="),
    (true, "None"),
    (true, "None + Pending Out"),
    (false, "="),
    (true, "To"),
    (true, "None"),
    (true, "None + Pending Out"),
    (true, "To"),
];
const IN_SUBSCRIBED: Table = [
    (false, "="),
    (true, "To"),
    (false, "="),
    (true, "To + Pending In"),
    (false, "="),
    (false, "="),
    (false, "="),
    (true, "Both"),
    (false, "="),
];
const IN_UNSUBSCRIBED: Table = [
    (false, "="),
    (true, "None"),
    (false, "="),
    (true, "None + Pending In"),
    (true, "None"),
    (true, "None + Pending In"),
    (false, "="),
    (true, "From"),
    (true, "From"),
];

/// Every row of a table: the state before, what follows.
fn rows(table: Table) -> impl Iterator<Item = (&'static str, bool, State)> {
    STATES
        .into_iter()
        .zip(table)
        .map(|(before, (passed, after))| {
            let after = if after == "=" { before } else { after };
            (before, passed, state(after))
        })
}

#[test]
fn what_the_owner_sends() {
    for (kind, table) in [
        (Kind::Subscribe, OUT_SUBSCRIBE),
        (Kind::Unsubscribe, OUT_UNSUBSCRIBE),
        (Kind::Subscribed, OUT_SUBSCRIBED),
        (Kind::Unsubscribed, OUT_UNSUBSCRIBED),
    ] {
        for (before, routed, after) in rows(table) {
            let (mut got, passed) = outbound(state(before), kind);
            // Section 3.4.2: granting what was not asked for is remembered.
            let granted = kind == Kind::Subscribed && !routed && !after.from;
            assert_eq!(got.approved, granted, "{before}: {kind:?}");
            got.approved = false;
            assert_eq!((passed, got), (routed, after), "{before}: {kind:?}");
        }
    }
}

#[test]
fn what_the_contact_sends() {
    for (kind, table) in [
        (Kind::Subscribe, IN_SUBSCRIBE),
        (Kind::Unsubscribe, IN_UNSUBSCRIBE),
        (Kind::Subscribed, IN_SUBSCRIBED),
        (Kind::Unsubscribed, IN_UNSUBSCRIBED),
    ] {
        for (before, delivered, after) in rows(table) {
            let before_state = state(before);
            let expected = if delivered {
                Inbound::Deliver(after)
            } else if kind == Kind::Subscribe && before_state.from {
                Inbound::Answer(after)
            } else {
                assert_eq!(before_state, after, "nothing is said of a change");
                Inbound::Ignore
            };
            let got = inbound(before_state, kind);
            assert_eq!(got, expected, "{before}: {kind:?}");
        }
    }
}

#[test]
fn what_is_granted_beforehand_is_answered_once_asked() {
    for before in STATES.map(state) {
        let (granted, routed) = outbound(before, Kind::Subscribed);
        if !granted.approved {
            continue;
        }
        assert!(!routed);
        let Inbound::Answer(after) = inbound(granted, Kind::Subscribe) else {
            panic!("{before:?} is not answered");
        };
        assert!(after.from && !after.approved && !after.pending_in);
        assert_eq!(
            (after.to, after.pending_out),
            (before.to, before.pending_out)
        );
        // Or it is taken back, and nobody is told.
        let (back, routed) = outbound(granted, Kind::Unsubscribed);
        assert_eq!((back, routed), (before, false));
        assert!(matches!(
            inbound(back, Kind::Subscribe),
            Inbound::Deliver(_)
        ));
    }
}

#[test]
fn nothing_leads_out_of_the_nine_states() {
    let all: Vec<State> = STATES.map(state).to_vec();
    for before in all.clone() {
        for approved in [false, true] {
            let before = State { approved, ..before };
            for kind in ["subscribe", "subscribed", "unsubscribe", "unsubscribed"] {
                let kind = Kind::from_type(kind).unwrap();
                assert_eq!(Kind::from_type(kind.as_str()), Some(kind));
                let mut after = vec![outbound(before, kind).0];
                match inbound(before, kind) {
                    Inbound::Ignore => {}
                    Inbound::Deliver(state) | Inbound::Answer(state) => after.push(state),
                }
                for mut state in after {
                    state.approved = false;
                    assert!(all.contains(&state), "{before:?} {kind:?} {state:?}");
                }
            }
        }
    }
    assert_eq!(Kind::from_type("probe"), None);
}
