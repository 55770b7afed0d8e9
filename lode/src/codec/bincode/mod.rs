//! Records by `bincode`.

mod borrowing;

use std::sync::Arc;

use ::bincode::config::{self, Configuration};
use ::bincode::enc::write::Writer;
use ::bincode::error::EncodeError as WriteError;

use self::borrowing::Of;
use crate::codec::framed::{self, Frames, Texts};
use crate::codec::{DecodeError, EncodeError, RecordCodec, RecordEncoder, StreamingCodec};
use crate::compress::{Compressor, Noop};
use crate::record::Record;

/// Records by the crate `bincode` (version 2, its standard configuration), each in a frame: small,
/// fast, and exact, floats included.
///
/// **The crate is reported as unmaintained**
/// ([RUSTSEC-2025-0141](https://rustsec.org/advisories/RUSTSEC-2025-0141)): `Postcard` (feature
/// `postcard`) does the same, and is the one to choose for new data. This codec is for data that are
/// there, and for comparison.
///
/// The stored bytes do not say what they are: a file is read only by a record type whose schema is
/// exactly the file's, and otherwise refused with the difference before it is read
/// ([`Error::SchemaMismatch`](crate::Error::SchemaMismatch)). Fields with `#[lode(json)]`, and arrays
/// of length 0, cannot be stored: the program does not compile.
///
/// ```
/// use lode::codec::Bincode;
/// use lode::compress::Zstd;
///
/// let codec = Bincode::new().compress(Zstd::default());
/// ```
///
/// ```compile_fail,E0080
/// # #[tokio::main(flavor = "current_thread")] async fn main() -> lode::Result<()> {
/// # use lode::{Dataset, Record, Store, codec::Bincode, metadata};
/// #[derive(serde::Serialize, serde::Deserialize, Record)]
/// struct Event {
///     #[lode(json)]
///     payload: serde_json::Value,
/// }
/// let events = Dataset::<Event>::new(&Store::memory(), "events")?.codec(Bincode::new());
/// events.write(&[], metadata! {}).await?;
/// # Ok(()) }
/// ```
#[derive(Debug, Clone)]
pub struct Bincode {
    compression: Arc<dyn Compressor>,
}

const CONFIG: Configuration = config::standard();

impl Bincode {
    /// Records by `bincode`, not compressed.
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

impl Default for Bincode {
    fn default() -> Self {
        Self::new()
    }
}

impl<T: Record> RecordCodec<T> for Bincode {
    fn name(&self) -> &str {
        "bincode"
    }

    fn extension(&self) -> &str {
        ".bincode"
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
            let read = ::bincode::serde::seed_decode_from_slice(Of::new(), record, CONFIG);
            let (value, used) = read?;
            framed::used_up(record.len().saturating_sub(used))?;
            Ok(value)
        })
    }

    fn is_self_describing(&self) -> bool {
        false
    }
}

impl<T: Record> StreamingCodec<T> for Bincode {}

struct Encoder(Frames);

impl<T: Record> RecordEncoder<T> for Encoder {
    fn push(&mut self, record: &T, output: &mut Vec<u8>) -> Result<(), EncodeError> {
        self.0.push(output, |output| {
            ::bincode::serde::encode_into_writer(Texts(record), Output(output), CONFIG)?;
            Ok(())
        })
    }
}

struct Output<'a>(&'a mut Vec<u8>);

impl Writer for Output<'_> {
    #[inline(always)]
    fn write(&mut self, bytes: &[u8]) -> Result<(), WriteError> {
        framed::append(self.0, bytes);
        Ok(())
    }
}
