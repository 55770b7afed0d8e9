//! Datasets through the public API.

mod basics;
mod binary;
mod bounds;
mod parquet;
mod evolution;
mod progress;
mod scan;
