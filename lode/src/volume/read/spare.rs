//! Buffers that are used again: fresh memory costs a page fault every 4 KiB.

use std::sync::{Mutex, PoisonError};

use bytes::Bytes;

/// The buffers that a reader has done with, for the next pieces.
#[derive(Debug, Default)]
pub(super) struct Spare(Mutex<Vec<Vec<u8>>>);

/// How many are kept: about as many as are filled at once.
const MOST: usize = 2;

impl Spare {
    /// An empty buffer with room for `room` bytes and not for many more; else one without.
    #[cfg_attr(not(feature = "local"), expect(dead_code, reason = "only files are read into it"))]
    pub(super) fn take(&self, room: u64) -> Vec<u8> {
        let mut spare = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let fits = |buffer: &Vec<u8>| {
            let capacity = buffer.capacity() as u64;
            room <= capacity && capacity / 2 <= room
        };
        let found = spare.iter().position(fits);
        found.map(|at| spare.swap_remove(at)).unwrap_or_default()
    }

    /// Takes the buffer behind `bytes`, if nobody else has it.
    pub(super) fn give(&self, bytes: Bytes) {
        if let Ok(mut buffer) = bytes.try_into_mut() {
            buffer.clear();
            let mut spare = self.0.lock().unwrap_or_else(PoisonError::into_inner);
            if spare.len() == MOST {
                spare.remove(0);
            }
            spare.push(buffer.into());
        }
    }
}
