//! Bytes of one object: one request, checked.

use bytes::Bytes;
#[cfg(feature = "local")]
use object_store::GetResultPayload;
use object_store::{GetOptions, GetResult};
use tokio::task::spawn_blocking;

use super::extent::Extent;
#[cfg(feature = "local")]
use super::file;
use crate::checksum::{Checksum, Hasher};
use crate::commit::{Entry, History};
use crate::data::{INLINE_BYTES, Spares};
use crate::error::{Error, Result};
use crate::manifest::{BlockRef, VolumeManifest};
use crate::progress::Meter;
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
        match self.request(extent).await {
            Ok(bytes) => {
                self.meter.bytes(extent.length);
                Ok(bytes)
            }
            Err(error) => Err(self.explain(error).await),
        }
    }

    async fn request(self, extent: Extent) -> Result<Bytes> {
        let block = extent.block(self.manifest);
        let is_whole = extent.is_whole(self.manifest);
        let expected = if is_whole { Expected::of(block, self.manifest)? } else { None };
        let key = block.path.as_str();
        let range = extent.place..extent.place.saturating_add(extent.length);
        let options = GetOptions::new().with_range(Some(range.clone()));
        let store = &self.history.store;
        let found = match store.object_store().get_opts(&store.path(key)?, options).await {
            Ok(found) => found,
            Err(error) => return Err(self.refused(block, error).await),
        };
        if found.meta.size != block.object_length {
            return Err(of_size(block, found.meta.size));
        }
        if found.range != range {
            let reason = format!("the store gave bytes {:?} for {range:?}", found.range);
            return Err(Error::corrupt(key, reason));
        }
        let bytes = self.receive(found, expected, key).await?;
        if is_whole {
            self.meter.file();
        }
        Ok(bytes)
    }

    /// The bytes that were asked for, and are what was expected.
    async fn receive(
        self,
        found: GetResult,
        expected: Option<Expected>,
        key: &str,
    ) -> Result<Bytes> {
        let length = found.range.end - found.range.start;
        #[cfg(feature = "local")]
        let found = match found.payload {
            GetResultPayload::File(file, _) => {
                let buffer = self.spare.map(|spare| spare.take_fitting(length)).unwrap_or_default();
                let (key, range) = (key.to_owned(), found.range);
                let read = move || file::read(file, range, expected, &key, buffer);
                return spawn_blocking(read).await?;
            }
            payload => GetResult { payload, ..found },
        };
        let bytes = found.bytes().await.map_err(Error::storage("get", key))?;
        let bytes = match length.checked_sub(bytes.len() as u64) {
            Some(0) => bytes,
            Some(missing) => return Err(short(key, missing)),
            None => {
                return Err(Error::corrupt(key, "the store gave more bytes than were asked for"));
            }
        };
        let Some(expected) = expected else { return Ok(bytes) };
        let (hasher, bytes) = hash(expected.hasher(), bytes).await?;
        expected.check(hasher, key)?;
        Ok(bytes)
    }

    /// What it means that the store refused a range: stores have no common error for one that the
    /// object has not.
    async fn refused(self, block: &BlockRef, error: object_store::Error) -> Error {
        let key = block.path.as_str();
        if !matches!(error, object_store::Error::NotFound { .. })
            && let Ok(Some(meta)) = self.history.store.head(key).await
            && meta.size != block.object_length
        {
            return of_size(block, meta.size);
        }
        Error::storage("get", key)(error)
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

pub(super) fn short(key: &str, missing: u64) -> Error {
    Error::corrupt(key, format!("it ended {missing} bytes before its size"))
}

fn of_size(block: &BlockRef, size: u64) -> Error {
    let expected = block.object_length;
    Error::corrupt(&*block.path, format!("it has {size} bytes, and the manifest says {expected}"))
}
