//! Which stored files a record type can read: each file has the schema it was written with.

use std::sync::Arc;

use crate::error::{Error, Result};
use crate::manifest::{FileRef, Manifest};
use crate::record::{RecordSchema, Schema, readable};

/// A record type, as far as it matters for reading what other versions of it have written.
#[derive(Debug, Clone)]
pub(crate) struct Evolution {
    pub(crate) record: Schema,
    /// The names of codecs that store no names of fields: only the very same schema is read.
    pub(crate) exact: Arc<[String]>,
}

impl Evolution {
    /// Makes sure that the records of these files of `manifest` can be read. What has no schema
    /// (Go Lode's files) is read by name.
    ///
    /// # Errors
    /// [`Error::SchemaMismatch`], [`Error::SchemaUnknown`].
    pub(crate) fn check<'a>(
        &self,
        manifest: &Manifest,
        files: impl IntoIterator<Item = &'a FileRef>,
    ) -> Result<()> {
        // One look at each schema is enough: by name, and exactly.
        let mut seen = vec![[false; 2]; manifest.schemas.len()];
        for file in files {
            let codec = file.codec_in(manifest).unwrap_or_default();
            let is_exact = self.exact.iter().any(|exact| exact == codec);
            let schema = file
                .schema
                .and_then(|index| Some((manifest.schemas.get(index)?, seen.get_mut(index)?)));
            match schema {
                Some((schema, seen)) => {
                    let seen = &mut seen[usize::from(is_exact)];
                    if !std::mem::replace(seen, true) {
                        self.check_file(manifest, file, schema, is_exact.then_some(codec))?;
                    }
                }
                None if is_exact => {
                    return Err(Error::SchemaUnknown {
                        dataset: manifest.dataset_id.clone(),
                        snapshot: manifest.snapshot_id,
                        path: file.path.clone(),
                        codec: codec.to_owned(),
                    });
                }
                None => {}
            }
        }
        Ok(())
    }

    /// `codec` is the file's, if it stores no names.
    fn check_file(
        &self,
        manifest: &Manifest,
        file: &FileRef,
        schema: &RecordSchema,
        codec: Option<&str>,
    ) -> Result<()> {
        let read = match codec {
            None => readable(schema, &self.record),
            Some(_) => schema.diff(&RecordSchema::from(&self.record)).map_or(Ok(()), Err),
        };
        read.map_err(|diff| Error::SchemaMismatch {
            record: self.record.name(),
            dataset: manifest.dataset_id.clone(),
            snapshot: manifest.snapshot_id,
            path: file.path.clone(),
            codec: codec.map(Box::from),
            diff,
        })
    }
}
