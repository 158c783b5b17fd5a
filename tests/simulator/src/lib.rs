//! Seeded plans of people, devices, faults and restarts, run against the
//! engine, and a judge of what they lead to.
//!
//! A seed makes a [`Plan`]: some people with some devices, a server of some
//! kind, and what happens to them. [`Plan::run`] carries it out on one thread
//! and a clock that jumps from event to event, with a model of a server that
//! follows the specifications. Then everything works again, and once nothing
//! moves any more every device has to show the same conversations: nothing
//! lost, nothing twice, in the same order, and the unread counts right.

mod batch;
mod device;
mod dice;
mod flavour;
mod judge;
mod plan;
mod run;
mod server;
mod template;
mod world;

pub use batch::{Batch, Report};
pub use judge::{Failure, Kind};
pub use plan::Plan;
pub use run::Outcome;
