//! `#[derive(Record)]`, `#[derive(lode::Enum)]`: what they generate.

mod agreement;
