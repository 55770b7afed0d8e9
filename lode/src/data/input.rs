//! Bytes to be stored: given whole, or as they come.

use std::pin::Pin;

use bytes::{Bytes, BytesMut};
use futures::stream::{BoxStream, Fuse};
use futures::{Stream, StreamExt};
use tokio::io::{AsyncRead, AsyncReadExt};

use crate::error::BoxError;

/// Bytes that a call stores at once: `Bytes` and `Vec<u8>` as they are, slices and arrays by copying
/// them.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not bytes that can be stored",
    label = "not `Bytes`, a `Vec<u8>` or a byte slice",
    note = "bytes that come in pieces go to `stage_stream_at` or `stage_reader_at`, and as an attachment to `attach_stream` or `attach_reader`"
)]
pub trait BlockData {
    /// The bytes.
    fn into_bytes(self) -> Bytes;
}

impl BlockData for Bytes {
    fn into_bytes(self) -> Bytes {
        self
    }
}

impl BlockData for &Bytes {
    fn into_bytes(self) -> Bytes {
        self.clone()
    }
}

impl BlockData for BytesMut {
    fn into_bytes(self) -> Bytes {
        self.freeze()
    }
}

impl BlockData for Vec<u8> {
    fn into_bytes(self) -> Bytes {
        self.into()
    }
}

impl BlockData for &Vec<u8> {
    fn into_bytes(self) -> Bytes {
        Bytes::copy_from_slice(self)
    }
}

impl BlockData for &[u8] {
    fn into_bytes(self) -> Bytes {
        Bytes::copy_from_slice(self)
    }
}

impl<const N: usize> BlockData for &[u8; N] {
    fn into_bytes(self) -> Bytes {
        Bytes::copy_from_slice(self)
    }
}

impl<const N: usize> BlockData for [u8; N] {
    fn into_bytes(self) -> Bytes {
        Bytes::copy_from_slice(&self)
    }
}

impl BlockData for Box<[u8]> {
    fn into_bytes(self) -> Bytes {
        self.into()
    }
}

/// How much room is made for a run of bytes before any of it has come.
const FIRST_BYTES: usize = 4 << 20;

/// Where bytes come from that are not there at once. It is asked for nothing after its end.
pub(crate) enum Source<'a> {
    Stream {
        chunks: Fuse<BoxStream<'a, Result<Bytes, BoxError>>>,
        rest: Bytes,
    },
    /// `None` after its end.
    Reader(Option<Pin<Box<dyn AsyncRead + Send + 'a>>>),
}

impl<'a> Source<'a> {
    pub(crate) fn stream<E: Into<BoxError>>(
        chunks: impl Stream<Item = Result<Bytes, E>> + Send + 'a,
    ) -> Self {
        let chunks = chunks.map(|chunk| chunk.map_err(Into::into)).boxed();
        Self::Stream { chunks: chunks.fuse(), rest: Bytes::new() }
    }

    pub(crate) fn reader(reader: impl AsyncRead + Send + 'a) -> Self {
        Self::Reader(Some(Box::pin(reader)))
    }

    /// The next `size` bytes, or what is left; nothing at the end.
    pub(crate) async fn next(&mut self, size: usize) -> Result<Bytes, BoxError> {
        match self {
            Self::Stream { chunks, rest } => {
                let mut block = BytesMut::new();
                loop {
                    let room = size - block.len();
                    if block.is_empty() && rest.len() >= room {
                        return Ok(rest.split_to(room));
                    }
                    let part = rest.split_to(rest.len().min(room));
                    block.extend_from_slice(&part);
                    if block.len() == size {
                        return Ok(block.freeze());
                    }
                    match chunks.next().await {
                        Some(chunk) => *rest = chunk?,
                        None => return Ok(block.freeze()),
                    }
                }
            }
            Self::Reader(None) => Ok(Bytes::new()),
            Self::Reader(reader @ Some(_)) => {
                let mut block = BytesMut::with_capacity(size.min(FIRST_BYTES));
                // A full buffer would be given more room.
                while block.len() < size
                    && let Some(input) = reader
                {
                    let room = (size - block.len()) as u64;
                    if input.take(room).read_buf(&mut block).await? == 0 {
                        *reader = None;
                    }
                }
                Ok(block.freeze())
            }
        }
    }
}
