//! Buffers that are used again: fresh memory costs a page fault every 4 KiB.

use std::ops::RangeInclusive;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use bytes::Bytes;

/// The buffers that one write, or one reader, does not need just now. Clones share them.
#[derive(Debug, Clone)]
pub(crate) struct Spares {
    buffers: Arc<Mutex<Vec<Vec<u8>>>>,
    most: usize,
    sizes: RangeInclusive<usize>,
}

impl Spares {
    /// Keeps this many buffers of these sizes.
    pub(crate) fn new(most: usize, sizes: RangeInclusive<usize>) -> Self {
        Self { buffers: Arc::default(), most, sizes }
    }

    /// An empty buffer with room, or one without.
    pub(crate) fn take(&self) -> Vec<u8> {
        let mut buffer = self.buffers().pop().unwrap_or_default();
        buffer.clear();
        buffer
    }

    /// An empty buffer with room for about this much.
    pub(crate) fn take_with(&self, capacity: usize) -> Vec<u8> {
        let mut buffer = self.take();
        buffer.reserve(capacity);
        buffer
    }

    /// A buffer with room for this much and not for many more, or one without. It has what was in it
    /// last, so that none of it need be cleared.
    #[cfg(feature = "local")]
    pub(crate) fn take_fitting(&self, room: u64) -> Vec<u8> {
        let mut buffers = self.buffers();
        let fits = |buffer: &Vec<u8>| {
            let capacity = buffer.capacity() as u64;
            room <= capacity && capacity / 2 <= room
        };
        let found = buffers.iter().position(fits);
        found.map(|at| buffers.swap_remove(at)).unwrap_or_default()
    }

    pub(crate) fn give(&self, buffer: Vec<u8>) {
        if self.sizes.contains(&buffer.capacity()) {
            let mut buffers = self.buffers();
            if buffers.len() >= self.most {
                buffers.remove(0);
            }
            buffers.push(buffer);
        }
    }

    /// The buffer behind `bytes`, if nobody else has it.
    pub(crate) fn give_bytes(&self, bytes: Bytes) {
        if let Ok(buffer) = bytes.try_into_mut() {
            self.give(buffer.into());
        }
    }

    fn buffers(&self) -> MutexGuard<'_, Vec<Vec<u8>>> {
        self.buffers.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Those of a write, whose chunks and members are of about these sizes.
impl Default for Spares {
    fn default() -> Self {
        Self::new(16, 64 << 10..=1 << 20)
    }
}
