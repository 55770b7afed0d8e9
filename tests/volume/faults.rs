//! For every call of every write path: it fails.
