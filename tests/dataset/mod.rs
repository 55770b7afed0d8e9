//! Datasets through the public API.

mod basics;
mod bounds;
mod evolution;
mod progress;
