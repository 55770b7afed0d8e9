//! Which files of a snapshot a scan reads.

use super::super::read::is_in;
use super::partition::partition_bounds;
use super::plan::SkippedBy;
use crate::manifest::{FileRef, Manifest};
use crate::partition::{PartitionFilter, Renames};
use crate::predicate::{Bounds, ColumnPath, Expr};
use crate::record::stats::file_bounds;

pub(super) struct Pruner<'a> {
    pub(super) manifest: &'a Manifest,
    /// By the names of today.
    pub(super) partitions: PartitionFilter,
    pub(super) renames: &'a Renames,
    pub(super) filter: Option<&'a Expr>,
}

/// What is to be done with a file.
#[derive(Debug, PartialEq)]
pub(super) enum Verdict {
    Read {
        /// Whether the predicate is true for all of its records.
        all: bool,
    },
    Skip {
        by: SkippedBy,
        /// Why, in words.
        reason: String,
    },
}

impl Pruner<'_> {
    pub(super) fn verdict(&self, file: &FileRef) -> Verdict {
        let partition = file.partition();
        if !is_in(file, &self.partitions, self.renames) {
            let reason = match &partition {
                Some(partition) => format!("its partition {partition} is not among those wanted"),
                None => "it is in no partition".to_owned(),
            };
            return Verdict::Skip { by: SkippedBy::Partition, reason };
        }
        let Some(filter) = self.filter else { return Verdict::Read { all: true } };
        if file.rows() == Some(0) {
            let reason = "it has no records".to_owned();
            return Verdict::Skip { by: SkippedBy::Statistics, reason };
        }
        let schema = file.schema.and_then(|index| self.manifest.schemas.get(index));
        let by_partition = |column: &ColumnPath| match &partition {
            Some(partition) => partition_bounds(partition, schema, column),
            None => Bounds::UNKNOWN,
        };
        if let (Some(partition), Some(part)) = (&partition, culprit(filter, &by_partition)) {
            let reason = format!("its partition {partition} rules out {part}");
            return Verdict::Skip { by: SkippedBy::Partition, reason };
        }
        let by_both = |column: &ColumnPath| match schema {
            Some(schema) => {
                by_partition(column).and(file_bounds(file.stats.as_ref(), schema, column))
            }
            None => by_partition(column),
        };
        if let Some(part) = culprit(filter, &by_both) {
            let reason = format!("its statistics rule out {part}");
            return Verdict::Skip { by: SkippedBy::Statistics, reason };
        }
        Verdict::Read { all: filter.outcomes(&by_both).always() }
    }
}

/// The part of `filter` that is true for no record, if there is one.
fn culprit<'a>(filter: &'a Expr, bounds: &impl Fn(&ColumnPath) -> Bounds) -> Option<&'a Expr> {
    if !filter.outcomes(bounds).never() {
        return None;
    }
    let part = match filter {
        Expr::And(all) => all.iter().find(|one| one.outcomes(bounds).never()),
        _ => None,
    };
    Some(part.unwrap_or(filter))
}
