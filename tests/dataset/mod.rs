//! Datasets through the public API.

mod basics;
mod bounds;
mod progress;
