//! The commit protocol: what it costs, how conflicts end, and what a clean-up and expired snapshots
//! mean for writers and readers.

mod budget;
mod conflict;
mod damage;
mod expired;
mod gc;
mod handle;
mod hint;
mod idempotency;
mod local;
mod times;
mod version;
