//! What a stream of records can be written from.

use futures::stream::BoxStream;
use futures::{Stream, StreamExt};

use crate::error::BoxError;

/// A source of records: an iterator or a [`Stream`], of records or of `Result`s of them.
///
/// `Kind` tells the four apart and is always inferred.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not a source of `{T}` records",
    label = "neither an iterator nor a stream of them",
    note = "pass an iterator or a `Stream` whose items are `{T}` or `Result<{T}, _>`"
)]
pub trait IntoRecords<'a, T, Kind> {
    /// The records, as a stream.
    #[doc(hidden)]
    fn into_records(self) -> BoxStream<'a, Result<T, BoxError>>;
}

#[doc(hidden)]
#[derive(Debug)]
pub enum IteratorOf {}

#[doc(hidden)]
#[derive(Debug)]
pub enum IteratorOfResults {}

#[doc(hidden)]
#[derive(Debug)]
pub enum StreamOf {}

#[doc(hidden)]
#[derive(Debug)]
pub enum StreamOfResults {}

impl<'a, T, I> IntoRecords<'a, T, IteratorOf> for I
where
    I: IntoIterator<Item = T>,
    I::IntoIter: Send + 'a,
    T: 'a,
{
    fn into_records(self) -> BoxStream<'a, Result<T, BoxError>> {
        futures::stream::iter(self.into_iter().map(Ok)).boxed()
    }
}

impl<'a, T, E, I> IntoRecords<'a, T, IteratorOfResults> for I
where
    I: IntoIterator<Item = Result<T, E>>,
    I::IntoIter: Send + 'a,
    E: Into<BoxError> + 'a,
    T: 'a,
{
    fn into_records(self) -> BoxStream<'a, Result<T, BoxError>> {
        let records = self.into_iter().map(|record| record.map_err(Into::into));
        futures::stream::iter(records).boxed()
    }
}

impl<'a, T, S> IntoRecords<'a, T, StreamOf> for S
where
    S: Stream<Item = T> + Send + 'a,
    T: 'a,
{
    fn into_records(self) -> BoxStream<'a, Result<T, BoxError>> {
        self.map(Ok).boxed()
    }
}

impl<'a, T, E, S> IntoRecords<'a, T, StreamOfResults> for S
where
    S: Stream<Item = Result<T, E>> + Send + 'a,
    E: Into<BoxError> + 'a,
    T: 'a,
{
    fn into_records(self) -> BoxStream<'a, Result<T, BoxError>> {
        self.map(|record| record.map_err(Into::into)).boxed()
    }
}
