//! Reading a data object for its verdict alone.

use tokio::task::spawn_blocking;

use crate::codec::RowCounter;
use crate::data::source::{FileToRead, Reader};
use crate::error::{Error, Result};
use crate::store::Store;

/// What is read at a time stays in a core's cache.
const STEP: usize = 256 << 10;

/// Reads the object whole: its size, its checksum, what it decompresses to, and, if they are to be
/// counted, its records.
///
/// # Errors
/// [`Error::Storage`] (`NotFound` where the object is missing), [`Error::Corrupt`],
/// [`Error::LimitExceeded`].
pub(crate) async fn examine(
    store: &Store,
    file: FileToRead,
    rows: Option<(RowCounter, u64)>,
) -> Result<()> {
    let (mut reader, _receiving) = Reader::open(store, file).await?;
    spawn_blocking(move || {
        let mut buffer = Vec::with_capacity(STEP);
        let mut rows = rows;
        loop {
            buffer.clear();
            let is_end = reader.fill(&mut buffer, STEP)?;
            if let Some((counter, _)) = &mut rows {
                counter.update(&buffer);
            }
            if is_end {
                break;
            }
        }
        reader.verify()?;
        let Some((counter, expected)) = rows else { return Ok(()) };
        let reason = match counter.finish() {
            Some(found) if found == expected => return Ok(()),
            Some(found) => format!("it holds {found} records, not {expected}"),
            None => "it ends within a record".to_owned(),
        };
        Err(Error::corrupt(reader.file().key.as_str(), reason))
    })
    .await?
}
