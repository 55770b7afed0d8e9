//! Tests of lode through its public API: see `main.rs`.
