//! How new manifests are made.

use chrono::DateTime;

use super::validate::validate;
use super::{
    Expect, FileRef, FormatVersion, MIXED, Manifest, Operation, Partitioner, WRITER, time,
};
use crate::error::{Error, Result};
use crate::id::{DatasetId, SnapshotId, WriteId};
use crate::layout::Paths;
use crate::metadata::Metadata;
use crate::record::RecordSchema;

impl Manifest {
    /// The beginnings of a manifest: an empty snapshot. The caller fills in the rest, and ends with
    /// [`finish`](Self::finish).
    pub(crate) fn draft(dataset: DatasetId, write_id: WriteId, operation: Operation) -> Self {
        Self {
            format_version: FormatVersion::BASE,
            dataset_id: dataset,
            snapshot_id: SnapshotId::FIRST,
            created_at: DateTime::UNIX_EPOCH,
            metadata: Metadata::empty(),
            files: Vec::new(),
            parent_snapshot_id: None,
            row_count: 0,
            min_timestamp: None,
            max_timestamp: None,
            codec: None,
            compressor: "noop".to_owned(),
            partitioner: Partitioner::Noop,
            checksum_algorithm: None,
            write_id: Some(write_id),
            operation: Some(operation),
            writer: Some(WRITER.to_owned()),
            last_gc: None,
            idempotency_key: None,
            schemas: Vec::new(),
            attachments: Vec::new(),
        }
    }

    /// Takes over those files of `parent` that `keep` says, with their schemas, and widens the
    /// range of timestamps by the parent's. Returns how many records they have; `None` if that is
    /// not known, which happens only where some files of a Go snapshot are kept and some are not.
    /// The row count is left to the caller.
    pub(crate) fn carry(
        &mut self,
        parent: &Self,
        mut keep: impl FnMut(&FileRef) -> bool,
    ) -> Option<u64> {
        let (mut kept, mut left) = (Some(0_u64), Some(0_u64));
        let mut all = true;
        let mut schemas = vec![None; parent.schemas.len()];
        for file in &parent.files {
            let count = if keep(file) {
                let file = self.carried(parent, file, &mut schemas);
                self.files.push(file);
                &mut kept
            } else {
                all = false;
                &mut left
            };
            *count = count.zip(file.rows()).and_then(|(sum, rows)| sum.checked_add(rows));
        }
        self.min_timestamp = self.min_timestamp.into_iter().chain(parent.min_timestamp).min();
        self.max_timestamp = self.max_timestamp.into_iter().chain(parent.max_timestamp).max();
        match all {
            true => Some(parent.row_count),
            false => kept.or(left.and_then(|left| parent.row_count.checked_sub(left))),
        }
    }

    /// A file of `parent` as it stands in any other manifest: nothing in it refers to the parent.
    /// `schemas` has the new places of the parent's schemas, as far as they were needed.
    fn carried(&mut self, parent: &Self, file: &FileRef, schemas: &mut [Option<usize>]) -> FileRef {
        let counted = if parent.files.len() == 1 { Some(parent.row_count) } else { None };
        let schema = file.schema.and_then(|index| {
            let (place, schema) = (schemas.get_mut(index)?, parent.schemas.get(index)?);
            Some(*place.get_or_insert_with(|| self.place_of(schema)))
        });
        // Only what differs from this manifest's own name: most files are like the new ones, and an
        // append carries all of them.
        let other = |theirs: Option<&str>, own: Option<&str>| {
            theirs.filter(|_| theirs != own).map(str::to_owned)
        };
        let checksum = file.checksum_in(parent).map(|(name, _)| name);
        FileRef {
            path: file.path.clone(),
            size_bytes: file.size_bytes,
            checksum: file.checksum.clone(),
            stats: file.stats.clone(),
            row_count: file.rows().or(counted),
            schema,
            partition: file.partition.clone(),
            codec: other(file.codec_in(parent), self.codec.as_deref()),
            compressor: other(Some(file.compressor_in(parent)), Some(&self.compressor)),
            checksum_algorithm: other(checksum, self.checksum_algorithm.as_deref()),
        }
    }

    /// The index of `schema`, which is added if there is none with its fields: a schema's name says
    /// nothing of the stored data.
    fn place_of(&mut self, schema: &RecordSchema) -> usize {
        let is_it = |known: &RecordSchema| known.fields() == schema.fields();
        self.schemas.iter().position(is_it).unwrap_or_else(|| {
            self.schemas.push(schema.clone());
            self.schemas.len() - 1
        })
    }

    /// The manifest as it is to be written: files sorted, names of codecs, compressors and checksums
    /// only where they are needed, the format version that fits, and all rules checked. To be
    /// called again after any change.
    ///
    /// # Errors
    /// [`Error::ManifestInvalid`], as reading it back would.
    pub(crate) fn finish(mut self, paths: Paths, parent: Option<&Self>) -> Result<Self> {
        self.files.sort_unstable_by(|a, b| a.path.cmp(&b.path));
        self.attachments.sort_unstable_by(|a, b| a.name.cmp(&b.name));
        self.settle_names();
        self.settle(paths, parent)
    }

    /// The same of one whose files are sorted and named already.
    pub(super) fn settle(mut self, paths: Paths, parent: Option<&Self>) -> Result<Self> {
        self.created_at = time::canonical(self.created_at);
        self.min_timestamp = self.min_timestamp.map(time::canonical);
        self.max_timestamp = self.max_timestamp.map(time::canonical);
        let has_overrides = self.files.iter().any(has_override);
        self.format_version = FormatVersion::to_write(
            has_overrides,
            !self.attachments.is_empty(),
            parent.map(|parent| parent.format_version),
        );
        let (path, prefix) = place(paths, &self.dataset_id, self.snapshot_id);
        let expect = Expect { dataset: &self.dataset_id, id: self.snapshot_id, prefix: &prefix };
        match validate(&self, &expect) {
            Ok(()) => Ok(self),
            Err(bad) => Err(Error::ManifestInvalid { path, field: bad.field, reason: bad.reason }),
        }
    }

    /// Names what all files share in the manifest, and what they do not at the files; if any name
    /// is left at one, every file names its codec.
    fn settle_names(&mut self) {
        let files = &mut self.files;
        share(&mut self.codec, files.iter_mut().map(|file| &mut file.codec));
        let mut compressor = Some(std::mem::take(&mut self.compressor));
        share(&mut compressor, files.iter_mut().map(|file| &mut file.compressor));
        self.compressor = compressor.unwrap_or_default();
        // Attachments have no name of their own: theirs is the manifest's.
        let mut fixed = self.attachments.iter().any(|one| one.checksum.is_some()).then_some(None);
        let checked = files.iter_mut().filter(|file| file.checksum.is_some());
        let names = checked.map(|file| &mut file.checksum_algorithm).chain(&mut fixed);
        share(&mut self.checksum_algorithm, names);

        if !files.iter().any(has_override) {
            return;
        }
        if let Some(codec) = self.codec.take_if(|codec| codec != MIXED) {
            for file in files {
                file.codec.get_or_insert_with(|| codec.clone());
            }
            self.codec = Some(MIXED.to_owned());
        }
    }
}

/// Whether the file has a name of its own for how it is stored.
fn has_override(file: &FileRef) -> bool {
    file.codec.is_some() || file.compressor.is_some() || file.checksum_algorithm.is_some()
}

/// Makes `default` the name that all of `names` have, if they agree, and leaves a name only where it
/// is not the default.
fn share<'a>(default: &mut Option<String>, names: impl Iterator<Item = &'a mut Option<String>>) {
    let names: Vec<_> = names.collect();
    if names.iter().all(|name| name.is_none()) {
        return;
    }
    if let Some(Some(first)) = names.first().map(|name| name.as_ref().or(default.as_ref()))
        && names.iter().all(|name| name.as_ref().or(default.as_ref()) == Some(first))
    {
        *default = Some(first.clone());
    }
    for name in names {
        name.take_if(|name| Some(&*name) == default.as_ref());
    }
}

pub(super) fn place(paths: Paths, dataset: &DatasetId, id: SnapshotId) -> (String, String) {
    (paths.manifest(dataset, id), paths.prefix(dataset))
}
