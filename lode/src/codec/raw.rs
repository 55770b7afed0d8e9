//! Blobs: bytes as they are.

use std::sync::Arc;

use crate::compress::{Compressor, Noop};

/// The codec of blobs: their bytes as they are, compressed if you say so.
///
/// ```
/// use lode::codec::Raw;
/// use lode::compress::Zstd;
///
/// let codec = Raw::new().compress(Zstd::default());
/// ```
#[derive(Debug, Clone)]
pub struct Raw {
    compression: Arc<dyn Compressor>,
}

impl Raw {
    /// Bytes as they are, not compressed.
    #[must_use]
    pub fn new() -> Self {
        Self { compression: Arc::new(Noop) }
    }

    /// Compresses blobs with `compressor`.
    #[must_use]
    pub fn compress(self, compressor: impl Compressor) -> Self {
        Self { compression: Arc::new(compressor) }
    }

    pub(crate) fn compression(&self) -> Arc<dyn Compressor> {
        Arc::clone(&self.compression)
    }
}

impl Default for Raw {
    fn default() -> Self {
        Self::new()
    }
}
