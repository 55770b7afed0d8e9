//! The row groups of a Parquet file, one after the other, while its bytes are read once and hashed.

use std::sync::Arc;

use bytes::Bytes;
use tokio::task::spawn_blocking;

use crate::codec::parquet::{Footer, FooterError, TAIL_BYTES, footer_len, footer_of};
use crate::data::source::{FileToRead, Reader, Receiving};
use crate::error::{Error, Result};
use crate::limits::setting;
use crate::store::Store;

/// A file of this size or less is read whole before it is decoded.
const WHOLE: u64 = 8 << 20;

/// How much is read of the end of a larger file, to find its footer.
const END: u64 = 64 << 10;

/// How much is read at a time.
const STEP: usize = 1 << 20;

/// The bytes of a row group, which begin at byte `begin` of the file.
pub(super) struct RowGroup {
    pub(super) group: usize,
    pub(super) begin: u64,
    pub(super) bytes: Bytes,
}

/// What is left of a file.
pub(super) struct Cutter {
    pub(super) footer: Arc<Footer>,
    next: usize,
    source: Source,
}

enum Source {
    /// All of it, verified.
    Memory(Bytes),
    Stream {
        reader: Box<Reader>,
        /// How many bytes have been read.
        at: u64,
        /// The footer as it was read first: it has to come again.
        footer: Bytes,
    },
}

/// What a file begins with.
pub(super) enum Opened {
    File(Box<Cutter>, Option<Receiving>),
    /// It is no Parquet file; its bytes are what they are to be.
    Invalid(FooterError),
}

impl Cutter {
    /// Reads the footer.
    pub(super) async fn open(store: &Store, file: FileToRead) -> Result<Opened> {
        if file.compressor.name() == "noop" && file.size_bytes > WHOLE {
            match end_of(store, &file).await? {
                Ok((footer, ..)) if !footer.is_in_order() => {}
                Ok((footer, begin, end)) => {
                    let from = usize::try_from(footer.begin() - begin).unwrap_or(0);
                    let bytes = end.slice(from.min(end.len())..);
                    let (reader, receiving) = Reader::open(store, file).await?;
                    let source = Source::Stream { reader: Box::new(reader), at: 0, footer: bytes };
                    let cutter = Self { footer: Arc::new(footer), next: 0, source };
                    return Ok(Opened::File(Box::new(cutter), Some(receiving)));
                }
                Err(invalid) => {
                    let (mut reader, _receiving) = Reader::open(store, file).await?;
                    spawn_blocking(move || reader.verify_rest()).await??;
                    return Ok(Opened::Invalid(invalid));
                }
            }
        }
        let (mut reader, _receiving) = Reader::open(store, file).await?;
        let opened = spawn_blocking(move || {
            let bytes = whole(&mut reader)?;
            Ok::<_, Error>(match footer_of(&bytes) {
                Ok(footer) => {
                    let source = Source::Memory(bytes);
                    let cutter = Self { footer: Arc::new(footer), next: 0, source };
                    Opened::File(Box::new(cutter), None)
                }
                Err(invalid) => Opened::Invalid(invalid),
            })
        });
        opened.await?
    }

    /// Whether the next row group is in memory already.
    pub(super) fn is_in_memory(&self) -> bool {
        matches!(self.source, Source::Memory(_))
    }

    /// The next row group; after the last, the rest of the file is read and verified. On a thread
    /// that may block.
    pub(super) fn cut(&mut self) -> Result<Option<RowGroup>> {
        let group = self.next;
        let is_last = group >= self.footer.groups();
        let range = self.footer.range(group);
        let (begin, bytes) = match &mut self.source {
            Source::Memory(bytes) => (0, bytes.clone()),
            Source::Stream { reader, at, footer } if is_last => {
                skip(reader, at, self.footer.begin())?;
                let bytes = read(reader, at, u64::MAX)?;
                if !bytes.starts_with(footer) {
                    let reason = "its end changed while it was read";
                    return Err(Error::corrupt(&*reader.file().key, reason));
                }
                reader.verify()?;
                (0, Bytes::new())
            }
            Source::Stream { reader, at, .. } => {
                skip(reader, at, range.start)?;
                (range.start, read(reader, at, range.end)?)
            }
        };
        self.next += 1;
        Ok((!is_last).then_some(RowGroup { group, begin, bytes }))
    }

    /// Reads the rest of the file, if there is any, for its verdict alone.
    pub(super) fn verify_rest(mut self) -> Result<()> {
        let has_ended = self.has_ended();
        match &mut self.source {
            Source::Stream { reader, .. } if !has_ended => reader.verify_rest(),
            _ => Ok(()),
        }
    }

    /// Whether all row groups were cut, and the file verified.
    pub(super) fn has_ended(&self) -> bool {
        match self.source {
            Source::Memory(_) => self.next >= self.footer.groups(),
            Source::Stream { .. } => self.next > self.footer.groups(),
        }
    }
}

/// All bytes, decompressed and verified.
fn whole(reader: &mut Reader) -> Result<Bytes> {
    if let Some(bytes) = reader.one_piece()? {
        reader.verify()?;
        return Ok(bytes);
    }
    let limit = reader.file().limits.max_record_bytes;
    let mut bytes = Vec::new();
    if reader.is_plain() {
        bytes.reserve_exact(usize::try_from(reader.file().size_bytes.min(WHOLE)).unwrap_or(0));
    }
    loop {
        let has_ended = reader.fill(&mut bytes, STEP)?;
        // What was compressed can only be decompressed whole.
        if let Some(limit) = limit.filter(|&limit| !reader.is_plain() && bytes.len() as u64 > limit)
        {
            let (key, what) = (&*reader.file().key, "a Parquet file inside a compressor");
            return Err(Error::too_large(key, what, limit, setting::RECORD));
        }
        if has_ended {
            break;
        }
    }
    reader.verify()?;
    Ok(bytes.into())
}

/// Reads up to byte `to`, or to the end.
fn read(reader: &mut Reader, at: &mut u64, to: u64) -> Result<Bytes> {
    let size = reader.file().size_bytes;
    let want = usize::try_from(to.min(size).saturating_sub(*at)).unwrap_or(usize::MAX);
    let mut bytes = Vec::new();
    // The object has been seen to have this size.
    if bytes.try_reserve_exact(want).is_err() {
        let key = &*reader.file().key;
        return Err(Error::too_large(key, "a row group", isize::MAX as u64, None));
    }
    while bytes.len() < want {
        let step = (want - bytes.len()).min(STEP);
        let before = bytes.len();
        let has_ended = reader.fill(&mut bytes, step)?;
        *at += (bytes.len() - before) as u64;
        if has_ended {
            break;
        }
    }
    Ok(bytes.into())
}

fn skip(reader: &mut Reader, at: &mut u64, to: u64) -> Result<()> {
    while *at < to {
        let step = (to - *at).min(STEP as u64);
        if read(reader, at, *at + step)?.is_empty() {
            break;
        }
    }
    Ok(())
}

/// The footer of an object, and its last bytes with the place where they begin: as far as they had
/// to be read.
pub(super) async fn end_of(
    store: &Store,
    file: &FileToRead,
) -> Result<Result<(Footer, u64, Bytes), FooterError>> {
    let size = file.size_bytes;
    let mut begin = size.saturating_sub(END);
    let mut end = store.get_range(&file.key, size, begin..size).await?;
    let tail = end.len().saturating_sub(TAIL_BYTES as usize);
    let len = match footer_len(&end.slice(tail..), size) {
        Ok(len) => len,
        Err(invalid) => return Ok(Err(invalid)),
    };
    if len + TAIL_BYTES > end.len() as u64 {
        begin = size - len - TAIL_BYTES;
        end = store.get_range(&file.key, size, begin..size).await?;
    }
    let from = usize::try_from(size - len - TAIL_BYTES - begin).unwrap_or(usize::MAX);
    let footer = end.slice(from.min(end.len())..end.len() - TAIL_BYTES as usize);
    let read = move || Footer::read(&footer, size).map(|footer| (footer, begin, end));
    Ok(spawn_blocking(read).await?)
}
