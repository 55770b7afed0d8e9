//! Tests of lode through its public API; see the `tests` folder.
