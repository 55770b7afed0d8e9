//! Everything a user relies on, tested through the public API: one folder for each subject.

mod bad_input;
mod commit;
mod dataset;
mod faults;
mod golden;
mod hammer;
mod interop;
mod model;
mod properties;
mod record;
mod sim;
mod store;
mod support;
mod ui;
mod volume;
