//! Data objects over memory, local disk, and stores that fail.

mod faulty;
#[cfg(feature = "local")]
mod local;
mod read;
mod support;
mod write;
