//! Volumes.

mod faults;
mod model;
