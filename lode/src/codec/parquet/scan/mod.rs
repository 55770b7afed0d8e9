//! Scans of a Parquet file: which of its row groups, pages and rows a predicate asks for.
//!
//! ```text
//! footer, indexes, filters ── bounds.rs, index.rs, bloom.rs ──► rows that can pass (survey.rs)
//!     └─► their pages of the predicate's columns ── filter.rs ──► rows that pass
//!             └─► their pages of the other columns ─► arrays
//! ```

mod bloom;
mod bounds;
mod filter;
mod index;
mod survey;

pub(crate) use filter::Filter;
pub(crate) use survey::{Selected, SelectedBatches, Step, Survey};
