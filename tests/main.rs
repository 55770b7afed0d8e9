//! Everything a user relies on, tested through the public API: one folder for each subject.

mod bad_input;
mod commit;
mod conformance;
mod dataset;
mod faults;
mod golden;
mod hammer;
mod health;
mod interop;
mod model;
mod properties;
mod record;
mod sim;
mod store;
mod support;
mod transaction;
mod ui;
mod volume;
