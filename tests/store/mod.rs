//! Stores: opening them, keys, and what `check` finds out about one.

mod check;
mod open;
