//! Stores: opening them, keys, what `check` finds out about one, and S3.

mod check;
mod lost_replies;
mod multipart;
mod open;
mod s3;
mod trust;

pub(crate) use check::{Flaw, Flawed};
