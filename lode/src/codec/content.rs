//! What a dataset holds, and which codecs fit it.

use crate::codec::{BlobFormat, Jsonl, Raw, RecordCodec, RecordFormat};
use crate::dataset::Operations;
use crate::record::Record;

/// What a dataset can hold: every [`Record`], and [`Blob`]. Sealed.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not a lode record",
    label = "not a record, and not `Blob`",
    note = "add `#[derive(serde::Serialize, serde::Deserialize, lode::Record)]` to it"
)]
pub trait Content: Operations<Items = Self::Batch> + Send + Sync {
    /// What one write takes: `[T]` for records, `[u8]` for blobs.
    type Batch: ?Sized + Sync + 'static;

    /// The codec used where none is named: [`Jsonl`] for records, [`Raw`] for blobs.
    type Codec: Codec<Self> + Default;
}

/// A dataset of blobs: each of its snapshots is one run of bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Blob {}

/// The codec of the content itself: [`Content::Codec`].
#[derive(Clone, Copy, Default)]
pub struct Auto;

/// A codec for a dataset of `T`: every [`RecordCodec`] for records, [`Raw`] for blobs. Sealed: a
/// codec of your own implements [`RecordCodec`].
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not a codec for `{T}`",
    label = "wrong codec for `{T}`",
    note = "a dataset of records takes a record codec such as `Jsonl`, a dataset of `Blob` takes `Raw`"
)]
pub trait Codec<T: Content>: Clone + Send + Sync + sealed::Codec<T> + 'static {
    /// What lode needs of it.
    #[doc(hidden)]
    fn format(&self) -> T::Format;
}

#[diagnostic::do_not_recommend]
impl<T: Record> Content for T {
    type Batch = [T];
    type Codec = Jsonl;
}

#[diagnostic::do_not_recommend]
impl Content for Blob {
    type Batch = [u8];
    type Codec = Raw;
}

// `RecordCodec` asks for `Debug` already. It is repeated because `Auto` has none, so that the
// compiler can see that this impl is never for `Auto`.
#[diagnostic::do_not_recommend]
impl<T: Record, C: RecordCodec<T> + std::fmt::Debug> Codec<T> for C {
    fn format(&self) -> RecordFormat<T> {
        RecordFormat::new(self.clone())
    }
}

#[diagnostic::do_not_recommend]
impl Codec<Blob> for Raw {
    fn format(&self) -> BlobFormat {
        BlobFormat::new(self.compression())
    }
}

#[diagnostic::do_not_recommend]
impl<T: Content> Codec<T> for Auto {
    fn format(&self) -> T::Format {
        T::Codec::default().format()
    }
}

mod sealed {
    use std::fmt::Debug;

    use crate::record::Record;

    pub trait Codec<T> {}

    #[diagnostic::do_not_recommend]
    impl<T: Record, C: super::RecordCodec<T> + Debug> Codec<T> for C {}

    impl Codec<super::Blob> for super::Raw {}

    impl<T: super::Content> Codec<T> for super::Auto {}
}
