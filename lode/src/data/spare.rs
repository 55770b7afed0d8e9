//! Buffers that are used again within one write: fresh memory costs a page fault every 4 KiB.

use std::sync::{Arc, Mutex, PoisonError};

use bytes::Bytes;

/// Buffers that nobody needs just now. Clones share them.
#[derive(Debug, Clone, Default)]
pub(crate) struct Spares(Arc<Mutex<Vec<Vec<u8>>>>);

/// How many are kept, …
const MOST: usize = 16;
/// … of which sizes.
const SIZES: std::ops::RangeInclusive<usize> = 64 << 10..=1 << 20;

impl Spares {
    /// An empty buffer with room, or one without.
    pub(crate) fn take(&self) -> Vec<u8> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).pop().unwrap_or_default()
    }

    /// An empty buffer with room for about this much.
    pub(crate) fn take_with(&self, capacity: usize) -> Vec<u8> {
        let mut buffer = self.take();
        buffer.reserve(capacity);
        buffer
    }

    pub(crate) fn give(&self, mut buffer: Vec<u8>) {
        if SIZES.contains(&buffer.capacity()) {
            buffer.clear();
            let mut spares = self.0.lock().unwrap_or_else(PoisonError::into_inner);
            if spares.len() < MOST {
                spares.push(buffer);
            }
        }
    }

    /// The buffer behind `bytes`, if nobody else has it.
    pub(crate) fn give_bytes(&self, bytes: Bytes) {
        if let Ok(mut buffer) = bytes.try_into_mut() {
            buffer.clear();
            self.give(buffer.into());
        }
    }
}
