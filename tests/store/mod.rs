//! Stores: opening them, keys, what `check` finds out about one, and clouds.

mod check;
mod clouds;
mod lost_replies;
mod multipart;
mod open;
mod trust;

pub(crate) use check::{Flaw, Flawed};
