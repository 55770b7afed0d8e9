//! The store fails at every call there is: afterwards there is the old head or the new one.

mod cases;
mod dropped;
mod hang;
mod late;
mod schedule;
mod short;
mod storm;
mod stream;
