//! A buffer that is used again: fresh memory costs a page fault every 4 KiB.

use std::sync::{Mutex, PoisonError};

use bytes::Bytes;

/// The buffer that a reader has done with, for the next piece.
#[derive(Debug, Default)]
pub(super) struct Spare(Mutex<Option<Vec<u8>>>);

impl Spare {
    /// An empty buffer with room for `room` bytes and not for many more; else one without.
    #[cfg_attr(not(feature = "local"), expect(dead_code, reason = "only files are read into it"))]
    pub(super) fn take(&self, room: u64) -> Vec<u8> {
        let mut spare = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        spare
            .take_if(|buffer| {
                let capacity = buffer.capacity() as u64;
                room <= capacity && capacity / 2 <= room
            })
            .unwrap_or_default()
    }

    /// Takes the buffer behind `bytes`, if nobody else has it.
    pub(super) fn give(&self, bytes: Bytes) {
        if let Ok(mut buffer) = bytes.try_into_mut() {
            buffer.clear();
            *self.0.lock().unwrap_or_else(PoisonError::into_inner) = Some(buffer.into());
        }
    }
}
