//! Everything a user relies on, tested through the public API: one folder for each subject.

mod dataset;
mod model;
mod properties;
mod record;
mod ui;
