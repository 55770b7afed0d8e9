//! Datasets through the public API.

mod basics;
mod binary;
mod bounds;
mod evolution;
mod parquet;
mod progress;
mod scan;
