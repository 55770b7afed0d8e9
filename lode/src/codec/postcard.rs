//! Records by `postcard`.

use std::sync::Arc;

use ::postcard::ser_flavors::Flavor;

use crate::codec::framed::{self, Frames, Texts};
use crate::codec::{DecodeError, EncodeError, RecordCodec, RecordEncoder, StreamingCodec};
use crate::compress::{Compressor, Noop};
use crate::record::Record;

/// Records by the crate `postcard` (its stable wire format, version 1), each in a frame: small, fast,
/// and exact, floats included.
///
/// The stored bytes do not say what they are: a file is read only by a record type whose schema is
/// exactly the file's, and otherwise refused with the difference before it is read
/// ([`Error::SchemaMismatch`](crate::Error::SchemaMismatch)). Fields with `#[lode(json)]`, and arrays
/// of length 0, cannot be stored: the program does not compile.
///
/// ```
/// use lode::codec::Postcard;
/// use lode::compress::Zstd;
///
/// let codec = Postcard::new().compress(Zstd::default());
/// ```
///
/// ```compile_fail,E0080
/// # #[tokio::main(flavor = "current_thread")] async fn main() -> lode::Result<()> {
/// # use lode::{Dataset, Record, Store, codec::Postcard, metadata};
/// #[derive(serde::Serialize, serde::Deserialize, Record)]
/// struct Event {
///     #[lode(json)]
///     payload: serde_json::Value,
/// }
/// let events = Dataset::<Event>::new(&Store::memory(), "events")?.codec(Postcard::new());
/// events.write(&[], metadata! {}).await?;
/// # Ok(()) }
/// ```
#[derive(Debug, Clone)]
pub struct Postcard {
    compression: Arc<dyn Compressor>,
}

impl Postcard {
    /// Records by `postcard`, not compressed.
    #[must_use]
    pub fn new() -> Self {
        Self { compression: Arc::new(Noop) }
    }

    /// Compresses files with `compressor`.
    #[must_use]
    pub fn compress(self, compressor: impl Compressor) -> Self {
        Self { compression: Arc::new(compressor) }
    }
}

impl Default for Postcard {
    fn default() -> Self {
        Self::new()
    }
}

impl<T: Record> RecordCodec<T> for Postcard {
    fn name(&self) -> &str {
        "postcard"
    }

    fn extension(&self) -> &str {
        ".postcard"
    }

    fn compression(&self) -> Arc<dyn Compressor> {
        Arc::clone(&self.compression)
    }

    fn encoder(&self) -> Box<dyn RecordEncoder<T>> {
        const { framed::assert_fits::<T>() };
        Box::new(Encoder(Frames::of::<T>()))
    }

    fn split(&self, bytes: &[u8]) -> usize {
        framed::split(bytes)
    }

    fn decode(&self, bytes: &[u8], records: &mut Vec<T>) -> Result<(), DecodeError> {
        framed::decode(bytes, records, |record| {
            let (value, rest) = ::postcard::take_from_bytes(record)?;
            framed::used_up(rest.len())?;
            Ok(value)
        })
    }

    fn is_self_describing(&self) -> bool {
        false
    }
}

impl<T: Record> StreamingCodec<T> for Postcard {}

struct Encoder(Frames);

impl<T: Record> RecordEncoder<T> for Encoder {
    fn push(&mut self, record: &T, output: &mut Vec<u8>) -> Result<(), EncodeError> {
        self.0.push(output, |output| {
            ::postcard::serialize_with_flavor(&Texts(record), Output(output))?;
            Ok(())
        })
    }
}

struct Output<'a>(&'a mut Vec<u8>);

impl Flavor for Output<'_> {
    type Output = ();

    #[inline(always)]
    fn try_push(&mut self, byte: u8) -> ::postcard::Result<()> {
        self.0.push(byte);
        Ok(())
    }

    #[inline(always)]
    fn try_extend(&mut self, bytes: &[u8]) -> ::postcard::Result<()> {
        framed::append(self.0, bytes);
        Ok(())
    }

    fn finalize(self) -> ::postcard::Result<()> {
        Ok(())
    }
}
