//! Bytes of one object: one request, checked.

use bytes::Bytes;
use object_store::GetResult;
#[cfg(feature = "local")]
use object_store::GetResultPayload;
use tokio::task::spawn_blocking;

use super::extent::Extent;
#[cfg(feature = "local")]
use super::file::{self, FileRead};
use crate::checksum::{Checksum, Hasher};
use crate::commit::{Entry, History};
use crate::data::{INLINE_BYTES, Spares};
use crate::error::{Error, Result};
use crate::manifest::{BlockRef, VolumeManifest};
use crate::progress::Meter;
use crate::store::whole;
use crate::volume::chain::VolumeChain;

/// Where an open snapshot's bytes come from.
#[derive(Clone, Copy)]
pub(super) struct Source<'a> {
    pub(super) history: &'a History<VolumeChain>,
    pub(super) manifest: &'a VolumeManifest,
    pub(super) meter: &'a Meter,
    /// Where readers give their buffers back.
    #[cfg_attr(not(feature = "local"), expect(dead_code, reason = "only files are read into it"))]
    pub(super) spare: Option<&'a Spares>,
}

impl Source<'_> {
    /// The bytes of `extent`; verified, if that is all of its object.
    ///
    /// # Errors
    /// [`Error::Expired`] or [`Error::Corrupt`] where the object is missing, [`Error::Corrupt`] if it
    /// is not what the manifest says, [`Error::CodecUnavailable`], [`Error::Storage`].
    pub(super) async fn fetch(self, extent: Extent) -> Result<Bytes> {
        let found = self.request(extent).await;
        self.settle(extent, found).await
    }

    /// What a [`request`](Self::request) or a [`job`](Self::job) comes to: it is counted, or its error
    /// explained.
    pub(super) async fn settle(self, extent: Extent, found: Result<Bytes>) -> Result<Bytes> {
        match found {
            Ok(bytes) => {
                if extent.is_whole(self.manifest) {
                    self.meter.file();
                }
                self.meter.bytes(extent.length);
                Ok(bytes)
            }
            Err(error) => Err(self.explain(error).await),
        }
    }

    /// The one job that reads the extent, where objects are files. `None` also for what a request
    /// refuses.
    #[cfg(feature = "local")]
    pub(super) fn job(self, extent: Extent) -> Option<FileRead> {
        let block = extent.block(self.manifest);
        let path = self.history.store.file(&block.path).ok()??;
        Some(FileRead {
            path,
            key: block.path.clone(),
            range: extent.place..extent.place.saturating_add(extent.length),
            size: block.object_length,
            expected: self.expected(extent).ok()?,
            spares: self.spare.cloned(),
        })
    }

    /// What the bytes of `extent` must be, if that is all of its object.
    fn expected(self, extent: Extent) -> Result<Option<Expected>> {
        match extent.is_whole(self.manifest) {
            true => Expected::of(extent.block(self.manifest), self.manifest),
            false => Ok(None),
        }
    }

    /// As [`fetch`](Self::fetch), before it is counted or explained.
    pub(super) async fn request(self, extent: Extent) -> Result<Bytes> {
        #[cfg(feature = "local")]
        if let Some(job) = self.job(extent) {
            return spawn_blocking(move || job.run()).await?;
        }
        let block = extent.block(self.manifest);
        let expected = self.expected(extent)?;
        let key = block.path.as_str();
        let range = extent.place..extent.place.saturating_add(extent.length);
        let found = self.history.store.request(key, block.object_length, range).await?;
        self.receive(found, expected, key).await
    }

    /// The bytes that were asked for, and are what was expected.
    async fn receive(
        self,
        found: GetResult,
        expected: Option<Expected>,
        key: &str,
    ) -> Result<Bytes> {
        #[cfg(feature = "local")]
        let found = match found.payload {
            GetResultPayload::File(file, _) => {
                let (key, range, spares) = (key.to_owned(), found.range, self.spare.cloned());
                let read = move || file::read(file, range, expected, &key, spares);
                return spawn_blocking(read).await?;
            }
            payload => GetResult { payload, ..found },
        };
        let bytes = whole(found).await.map_err(Error::storage("get", key))?;
        let Some(expected) = expected else { return Ok(bytes) };
        let (hasher, bytes) = hash(expected.hasher(), bytes).await?;
        expected.check(hasher, key)?;
        Ok(bytes)
    }

    /// An object that is missing has either expired with its snapshot, or is lost: the manifest,
    /// read again, tells.
    async fn explain(self, error: Error) -> Error {
        let Error::Storage { source: object_store::Error::NotFound { .. }, path, .. } = &error
        else {
            return error;
        };
        let id = self.manifest.snapshot_id.number();
        match self.history.load(id).await {
            Ok(Some(Entry::Expired(_))) => self.history.expired(id),
            // It cannot be told now.
            Err(unreachable @ Error::Storage { .. }) => unreachable,
            _ => Error::corrupt(path.as_str(), "it is missing"),
        }
    }
}

/// The checksum that an object must have.
#[derive(Debug, Clone)]
pub(super) struct Expected {
    algorithm: Checksum,
    checksum: String,
}

impl Expected {
    /// The checksum of the block's object; `None` if it has none.
    ///
    /// # Errors
    /// [`Error::CodecUnavailable`] if the algorithm is not known here.
    pub(super) fn of(block: &BlockRef, manifest: &VolumeManifest) -> Result<Option<Self>> {
        let Some((name, checksum)) = block.checksum_in(manifest) else { return Ok(None) };
        let algorithm = Checksum::by_name(name)?;
        Ok(Some(Self { algorithm, checksum: checksum.to_owned() }))
    }

    pub(super) fn hasher(&self) -> Hasher {
        self.algorithm.hasher()
    }

    /// Compares what was found.
    pub(super) fn check(&self, found: Hasher, key: &str) -> Result<()> {
        let found = found.finish();
        if found == self.checksum {
            return Ok(());
        }
        let Self { algorithm, checksum } = self;
        let reason = format!("its {algorithm} is {found}, and the manifest says {checksum}");
        Err(Error::corrupt(key, reason))
    }
}

/// Hashes `bytes`, elsewhere if there are many.
pub(super) async fn hash(mut hasher: Hasher, bytes: Bytes) -> Result<(Hasher, Bytes)> {
    let is_small = bytes.len() <= INLINE_BYTES;
    let work = move || {
        hasher.update(&bytes);
        (hasher, bytes)
    };
    if is_small { Ok(work()) } else { Ok(spawn_blocking(work).await?) }
}
