//! `#[derive(Record)]`, `#[derive(lode::Enum)]`, `#[derive(lode::Metadata)]`: what they generate.

mod agreement;
mod bytes;
mod generated;
mod metadata;
mod names;
