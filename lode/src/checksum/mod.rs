//! Checksums over stored bytes.
