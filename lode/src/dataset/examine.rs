//! Reading files for their verdict alone.

use std::sync::Arc;

use futures::TryStreamExt;

use super::formats::Formats;
use crate::compress::Noop;
use crate::data::{self, FileToRead};
use crate::error::Result;
use crate::health::{Examined, known_checksum};
use crate::manifest::{Attachment, FileRef, Manifest};
use crate::record::Record;

impl<T: Record> Formats<T> {
    /// Reads a file of records whole. They are counted, by decoding them where there is no other way.
    pub(super) async fn examine_records(
        &self,
        manifest: &Manifest,
        file: &FileRef,
    ) -> Result<Examined> {
        let codec = match self.codec_of(manifest, file) {
            Ok(codec) => codec,
            Err(_) => {
                self.examine_bytes(manifest, file).await?;
                return Ok(Examined::Partly);
            }
        };
        if let Some(counter) = codec.counter() {
            let rows = file.rows().map(|expected| (counter, expected));
            let (file, examined) = self.to_examine(manifest, file);
            // What is not decompressed cannot be counted.
            let rows = rows.filter(|_| examined == Examined::Wholly);
            data::examine(&self.context.history.store, file, rows).await?;
            return Ok(examined);
        }
        let (_, examined) = self.to_examine(manifest, file);
        if examined == Examined::Partly || self.evolution().check(manifest, [file]).is_err() {
            self.examine_bytes(manifest, file).await?;
            return Ok(Examined::Partly);
        }
        let mut records = self.records(manifest, file)?;
        while records.try_next().await?.is_some() {}
        Ok(Examined::Wholly)
    }
}

impl<T: 'static> Formats<T> {
    /// Reads a file whole, whatever it holds.
    pub(super) async fn examine_bytes(
        &self,
        manifest: &Manifest,
        file: &FileRef,
    ) -> Result<Examined> {
        let (file, examined) = self.to_examine(manifest, file);
        data::examine(&self.context.history.store, file, None).await?;
        Ok(examined)
    }

    /// Reads an attachment whole.
    pub(crate) async fn examine_attachment(
        &self,
        manifest: &Manifest,
        attachment: &Attachment,
    ) -> Result<Examined> {
        let said = manifest.checksum_algorithm.as_deref().zip(attachment.checksum.as_deref());
        let (checksum, examined) = known_checksum(said);
        let file = FileToRead {
            key: attachment.path.clone(),
            size_bytes: attachment.size_bytes,
            checksum,
            compressor: Arc::new(Noop),
            limits: self.context.limits.clone(),
            meter: self.meter.clone(),
        };
        data::examine(&self.context.history.store, file, None).await?;
        Ok(examined)
    }

    /// A file as far as it can be read: not decompressed, and not hashed, where it is not known how.
    fn to_examine(&self, manifest: &Manifest, file: &FileRef) -> (FileToRead, Examined) {
        let (checksum, mut examined) = known_checksum(file.checksum_in(manifest));
        let compressor = self.compressor(file.compressor_in(manifest)).unwrap_or_else(|_| {
            examined = Examined::Partly;
            Arc::new(Noop)
        });
        let to_read = FileToRead {
            key: file.path.clone(),
            size_bytes: file.size_bytes,
            checksum,
            compressor,
            limits: self.context.limits.clone(),
            meter: self.meter.clone(),
        };
        (to_read, examined)
    }
}
