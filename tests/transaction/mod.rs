//! Transactions: many tasks, one snapshot, and what lies beside its records. (That every call may fail
//! is in `faults`.)

mod attachments;
mod basics;
mod ending;
mod parallel;
mod rivals;
