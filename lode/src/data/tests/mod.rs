//! Data objects over memory, local disk, and stores that fail.

mod faulty;
mod read;
mod support;
mod write;
