//! Datasets through the public API.

mod basics;
mod bounds;
mod parquet;
mod evolution;
mod progress;
