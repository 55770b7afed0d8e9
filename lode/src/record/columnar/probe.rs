//! Columns of field types that may be wrong. Wrong types are told elsewhere, once; the columns of
//! such a field ask nothing of its type, so that the compiler has nothing more to say.
//!
//! `(&Probe::<T>::NEW).builder(…)` is [`Proper`] where `T` is a [`Field`], else [`Improper`]: the
//! compiler looks for a method of the type before it takes one more reference.

use std::marker::PhantomData;

use arrow_schema::Field as ArrowField;

use super::{Column, ColumnBuilder, ColumnError, ColumnOptions, Found, Stub};
use crate::record::Field;

/// The column of a field of type `T`.
pub struct Probe<T>(PhantomData<T>);

impl<T> Probe<T> {
    /// There is only one.
    pub const NEW: Self = Self(PhantomData);
}

/// The column `C` of a field of type `T`.
pub struct Exactly<C, T>(PhantomData<(C, T)>);

impl<C, T> Exactly<C, T> {
    /// There is only one.
    pub const NEW: Self = Self(PhantomData);
}

type ColumnOf<T> = <T as Field>::Column;
type Opened<R> = Result<Option<R>, ColumnError>;

/// The columns of types that are fields.
#[allow(missing_docs, clippy::missing_errors_doc)]
pub trait Proper<T, C: Column<T>> {
    #[inline]
    fn field(&self, name: &str, options: &ColumnOptions) -> ArrowField {
        C::field(name, options)
    }

    #[inline]
    fn builder(&self, options: &ColumnOptions) -> C::Builder {
        ColumnBuilder::new(options)
    }

    #[inline]
    fn open(
        &self,
        columns: &Found<'_>,
        name: &str,
        aliases: &[&str],
        has_default: bool,
    ) -> Opened<C::Reader> {
        columns.open(name, aliases, has_default || C::NULLABLE)
    }

    #[inline]
    fn missing(&self) -> Result<T, ColumnError> {
        C::missing()
    }
}

impl<T: Field> Proper<T, ColumnOf<T>> for Probe<T> {}

impl<T, C: Column<T>> Proper<T, C> for Exactly<C, T> {}

/// The columns of types that are not.
#[allow(missing_docs, clippy::missing_errors_doc)]
pub trait Improper<T> {
    fn field(&self, name: &str, _: &ColumnOptions) -> ArrowField {
        ArrowField::new(name, arrow_schema::DataType::Null, true)
    }

    fn builder(&self, options: &ColumnOptions) -> Stub {
        ColumnBuilder::new(options)
    }

    fn open(&self, _: &Found<'_>, _: &str, _: &[&str], _: bool) -> Opened<Stub> {
        Ok(None)
    }

    fn missing(&self) -> Result<T, ColumnError> {
        Err(ColumnError::new("not a field"))
    }
}

impl<T> Improper<T> for &Probe<T> {}
