//! Volumes.

mod faults;
mod gc;
mod model;
