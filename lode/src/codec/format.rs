//! Codecs with their types erased.

#[cfg(feature = "parquet")]
use std::any::Any;
use std::any::TypeId;
use std::fmt::{self, Debug};
use std::sync::Arc;

#[cfg(feature = "parquet")]
use crate::codec::Parquet;
use crate::codec::{DecodeError, Jsonl, RecordCodec, RecordEncoder, RowCounter};
use crate::compress::Compressor;
use crate::record::Record;
#[cfg(feature = "parquet")]
use crate::record::stats::Promise;
use crate::record::stats::{Gauges, Statistics};

/// The half of a [`RecordCodec`] that reads.
pub(crate) trait DecodeRecords<T>: Debug + Send + Sync {
    fn name(&self) -> &str;
    fn split(&self, bytes: &[u8]) -> usize;

    /// Appends the records that are wanted, and says how many there are in `bytes`.
    fn decode(&self, bytes: &[u8], records: &mut Vec<T>) -> Result<u64, DecodeError>;

    fn lines(&self, bytes: &[u8]) -> Option<u64>;
    fn is_self_describing(&self) -> bool;

    /// Whether it is lode's own JSON lines.
    fn is_jsonl(&self) -> bool;

    /// What counts the records of a file, if that can be done without decoding them.
    fn counter(&self) -> Option<RowCounter> {
        None
    }

    /// Whether it is lode's own Parquet, whose files are read a row group at a time.
    #[cfg(feature = "parquet")]
    fn is_parquet(&self) -> bool {
        false
    }
}

impl<T: Record, C: RecordCodec<T>> DecodeRecords<T> for C {
    fn name(&self) -> &str {
        RecordCodec::name(self)
    }

    fn split(&self, bytes: &[u8]) -> usize {
        RecordCodec::split(self, bytes)
    }

    fn decode(&self, bytes: &[u8], records: &mut Vec<T>) -> Result<u64, DecodeError> {
        let before = records.len();
        RecordCodec::decode(self, bytes, records)?;
        Ok(records.len().saturating_sub(before) as u64)
    }

    fn lines(&self, bytes: &[u8]) -> Option<u64> {
        RecordCodec::lines(self, bytes)
    }

    #[cfg(feature = "parquet")]
    fn is_parquet(&self) -> bool {
        TypeId::of::<C>() == TypeId::of::<Parquet>()
    }

    fn is_self_describing(&self) -> bool {
        RecordCodec::is_self_describing(self)
    }

    fn is_jsonl(&self) -> bool {
        TypeId::of::<C>() == TypeId::of::<Jsonl>()
    }

    fn counter(&self) -> Option<RowCounter> {
        let is = TypeId::of::<C>();
        #[cfg(feature = "bincode")]
        if is == TypeId::of::<crate::codec::Bincode>() {
            return Some(RowCounter::Frames(Default::default()));
        }
        #[cfg(feature = "postcard")]
        if is == TypeId::of::<crate::codec::Postcard>() {
            return Some(RowCounter::Frames(Default::default()));
        }
        (is == TypeId::of::<Jsonl>()).then(RowCounter::lines)
    }
}

/// The half that writes.
trait EncodeRecords<T>: DecodeRecords<T> {
    fn extension(&self) -> &str;
    fn compression(&self) -> Arc<dyn Compressor>;
    fn encoder(&self) -> Box<dyn RecordEncoder<T>>;

    #[cfg(feature = "parquet")]
    fn as_parquet(&self) -> Option<&Parquet>;
}

impl<T: Record, C: RecordCodec<T>> EncodeRecords<T> for C {
    fn extension(&self) -> &str {
        RecordCodec::extension(self)
    }

    fn compression(&self) -> Arc<dyn Compressor> {
        RecordCodec::compression(self)
    }

    fn encoder(&self) -> Box<dyn RecordEncoder<T>> {
        RecordCodec::encoder(self)
    }

    #[cfg(feature = "parquet")]
    fn as_parquet(&self) -> Option<&Parquet> {
        (self as &dyn Any).downcast_ref()
    }
}

/// How the records of a file come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Order {
    Any,
    /// In the order of the file's rows.
    Sorted,
}

/// A codec for records of type `T`.
pub struct RecordFormat<T>(Arc<dyn EncodeRecords<T>>);

impl<T: Record> RecordFormat<T> {
    pub(crate) fn new(codec: impl RecordCodec<T>) -> Self {
        Self(Arc::new(codec))
    }
}

impl<T> RecordFormat<T> {
    /// The codec's name in manifests.
    pub(crate) fn name(&self) -> &str {
        self.0.name()
    }

    /// What file names end in: the codec's extension and the compressor's.
    pub(crate) fn extension(&self) -> String {
        format!("{}{}", self.0.extension(), self.0.compression().extension())
    }

    pub(crate) fn compression(&self) -> Arc<dyn Compressor> {
        self.0.compression()
    }
}

impl<T: Record> RecordFormat<T> {
    /// Whether files are sorted by the record's order.
    pub(crate) fn sorts(&self) -> bool {
        #[cfg(feature = "parquet")]
        return !T::SORT.is_empty() && self.0.as_parquet().is_some();
        #[cfg(not(feature = "parquet"))]
        false
    }

    /// An encoder for one data file, and where its statistics will come from.
    pub(crate) fn encoder(
        &self,
        order: Order,
        wants_statistics: bool,
    ) -> (Box<dyn RecordEncoder<T>>, Statistics) {
        #[cfg(feature = "parquet")]
        if let Some(parquet) = self.0.as_parquet() {
            let promise = wants_statistics.then(Promise::default);
            let encoder = parquet.encoder_with(order == Order::Sorted, promise.clone());
            return (encoder, promise.map_or(Statistics::Unwanted, Statistics::OfColumns));
        }
        // No other codec sorts.
        let _ = order;
        let statistics = match wants_statistics {
            true => Statistics::OfRecords(Gauges::of::<T>()),
            false => Statistics::Unwanted,
        };
        (self.0.encoder(), statistics)
    }
}

impl<T: 'static> RecordFormat<T> {
    /// The half that reads.
    pub(crate) fn decoder(&self) -> Arc<dyn DecodeRecords<T>> {
        self.0.clone()
    }
}

impl<T> Clone for RecordFormat<T> {
    fn clone(&self) -> Self {
        Self(Arc::clone(&self.0))
    }
}

impl<T> Debug for RecordFormat<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// How blobs are stored.
#[derive(Debug, Clone)]
pub struct BlobFormat(Arc<dyn Compressor>);

impl BlobFormat {
    pub(crate) fn new(compression: Arc<dyn Compressor>) -> Self {
        Self(compression)
    }

    /// What file names end in: `.bin` and the compressor's extension.
    pub(crate) fn extension(&self) -> String {
        format!(".bin{}", self.0.extension())
    }

    pub(crate) fn compression(&self) -> Arc<dyn Compressor> {
        Arc::clone(&self.0)
    }
}
