//! Volumes.

mod files;
