//! Statistics of the records of one file: what the manifest says of each column.
//!
//! ```text
//! records ── observe (derived) ──► Gauges ── stats ──► FileStats ── in the manifest ──► bounds.rs ──► Bounds
//! columns ── arrays.rs ──────────────┘
//! ```

#[cfg(feature = "parquet")]
mod arrays;
mod bounds;
mod prefix;
mod source;
#[cfg(test)]
mod tests;

use std::collections::HashMap;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::Value as Json;

pub(crate) use bounds::file_bounds;
use prefix::Prefixes;
#[cfg(feature = "parquet")]
pub(crate) use source::Promise;
pub(crate) use source::Statistics;

use super::{FieldSchema, Record, Scalar, Type, Value};
use crate::manifest::{ColumnStats, FileStats, MAX_TIMESTAMP, MIN_TIMESTAMP};
use crate::predicate::{Literal, nanoseconds};

/// What is known of each column of some records: a gauge for each leaf of the schema, in order.
#[derive(Debug)]
#[doc(hidden)]
pub struct Gauges {
    gauges: Vec<Gauge>,
    /// The gauge of the next leaf.
    next: usize,
    rows: u64,
}

#[derive(Debug)]
struct Gauge {
    name: String,
    nulls: u64,
    range: Range,
}

/// The least and the greatest value of a column.
#[derive(Debug)]
enum Range {
    Bool(Extent<bool>),
    Int(Extent<i128>),
    /// With the number of NaN.
    Float(Extent<f64>, u64),
    /// Of texts and enums.
    Text(Prefixes),
    Bytes(Prefixes),
    Date(Extent<i32>),
    Time(Extent<i128>),
    Uuid(Extent<[u8; 16]>),
    /// Not compared.
    Opaque,
}

#[derive(Debug, Clone, Copy)]
struct Extent<V>(Option<(V, V)>);

impl<V: Copy + PartialOrd> Extent<V> {
    const NONE: Self = Self(None);

    #[inline]
    fn add(&mut self, value: V) {
        match &mut self.0 {
            None => self.0 = Some((value, value)),
            Some((min, max)) => {
                if value < *min {
                    *min = value;
                }
                if value > *max {
                    *max = value;
                }
            }
        }
    }
}

impl Gauges {
    pub(crate) fn of<T: Record>() -> Self {
        Self::of_schema(T::SCHEMA.fields())
    }

    fn of_schema(fields: &[FieldSchema]) -> Self {
        let mut gauges = Vec::new();
        leaves("", fields, &mut gauges);
        Self { gauges, next: 0, rows: 0 }
    }

    /// Adds a record.
    #[inline]
    pub(crate) fn add<T: Record>(&mut self, record: &T) {
        self.next = 0;
        self.rows += 1;
        <T as Value>::observe(Some(record), self);
    }

    /// As the manifest holds it.
    pub(crate) fn stats(self) -> FileStats {
        let mut seen: HashMap<String, u32> = HashMap::new();
        for gauge in &self.gauges {
            *seen.entry(gauge.name.clone()).or_default() += 1;
        }
        // A field can be called `a.b`, beside a field `b` of a nested record `a`.
        let is_unique = |gauge: &Gauge| seen.get(&gauge.name) == Some(&1);
        let columns = self.gauges.into_iter().filter(is_unique).map(Gauge::stats).collect();
        FileStats { row_count: self.rows, columns }
    }

    #[inline]
    fn gauge(&mut self) -> Option<&mut Gauge> {
        let gauge = self.gauges.get_mut(self.next);
        self.next += 1;
        gauge
    }
}

/// What the columns of a type add to: `None` is null.
macro_rules! add {
    ($($(#[$attribute:meta])* $name:ident($ty:ty) $range:ident;)*) => {
        impl Gauges {
            $(
                $(#[$attribute])*
                #[inline]
                pub(crate) fn $name(&mut self, value: Option<$ty>) {
                    let Some(gauge) = self.gauge() else { return };
                    match (value, &mut gauge.range) {
                        (None, _) => gauge.nulls += 1,
                        (Some(value), Range::$range(extent)) => extent.add(value),
                        (Some(_), _) => {}
                    }
                }
            )*
        }
    };
}

add! {
    bool(bool) Bool;
    int(i128) Int;
    text(&str) Text;
    bytes(&[u8]) Bytes;
    date(i32) Date;
    time(i128) Time;
    #[cfg(feature = "uuid")]
    uuid([u8; 16]) Uuid;
}

impl Gauges {
    #[inline]
    pub(crate) fn float(&mut self, value: Option<f64>) {
        let Some(gauge) = self.gauge() else { return };
        match (value, &mut gauge.range) {
            (None, _) => gauge.nulls += 1,
            (Some(value), Range::Float(_, nans)) if value.is_nan() => *nans += 1,
            (Some(value), Range::Float(extent, _)) => extent.add(value),
            (Some(_), _) => {}
        }
    }

    /// What is only null or not.
    #[inline]
    pub fn opaque(&mut self, is_null: bool) {
        if let Some(gauge) = self.gauge() {
            gauge.nulls += u64::from(is_null);
        }
    }

    /// The name of an enum.
    #[inline]
    pub fn name(&mut self, name: Option<&str>) {
        self.text(name);
    }
}

fn leaves(path: &str, fields: &[FieldSchema], gauges: &mut Vec<Gauge>) {
    for field in fields {
        let name = match path {
            "" => field.name.to_owned(),
            path => format!("{path}.{}", field.name),
        };
        let range = match field.ty {
            Type::Struct { fields, .. } => {
                leaves(&name, fields, gauges);
                continue;
            }
            Type::List(_) | Type::Array(..) | Type::Map(_) => Range::Opaque,
            Type::Enum(_) => Range::Text(Prefixes::default()),
            Type::Scalar(scalar) => match scalar {
                Scalar::Bool => Range::Bool(Extent::NONE),
                Scalar::Int8 | Scalar::Int16 | Scalar::Int32 | Scalar::Int64 => {
                    Range::Int(Extent::NONE)
                }
                Scalar::Uint8 | Scalar::Uint16 | Scalar::Uint32 | Scalar::Uint64 => {
                    Range::Int(Extent::NONE)
                }
                Scalar::Float32 | Scalar::Float64 => Range::Float(Extent::NONE, 0),
                Scalar::String => Range::Text(Prefixes::default()),
                Scalar::Bytes => Range::Bytes(Prefixes::default()),
                Scalar::Date => Range::Date(Extent::NONE),
                Scalar::Timestamp => Range::Time(Extent::NONE),
                Scalar::Uuid => Range::Uuid(Extent::NONE),
                Scalar::Json => Range::Opaque,
            },
        };
        gauges.push(Gauge { name, nulls: 0, range });
    }
}

impl Gauge {
    fn stats(self) -> ColumnStats {
        let mut stats =
            ColumnStats { name: self.name, null_count: Some(self.nulls), ..ColumnStats::default() };
        let [min, max] = match self.range {
            Range::Bool(extent) => exact(extent, |value| Some(Json::Bool(value))),
            Range::Int(extent) => exact(extent, int),
            Range::Float(extent, nans) => {
                stats.nan_count = Some(nans);
                // JSON has no infinities.
                exact(extent, |value| serde_json::Number::from_f64(value).map(Json::Number))
            }
            Range::Text(prefixes) => prefixes.text_bounds().map(|bound| {
                let (text, is_exact) = bound?;
                Some((Json::String(text), is_exact))
            }),
            Range::Bytes(prefixes) => prefixes.byte_bounds().map(|bound| {
                let (bytes, is_exact) = bound?;
                Some((Json::String(STANDARD.encode(bytes)), is_exact))
            }),
            Range::Date(extent) => exact(extent, |days| text(&Literal::Date(days))),
            Range::Time(extent) => exact(extent, time),
            Range::Uuid(extent) => exact(extent, |uuid| text(&Literal::Uuid(uuid))),
            Range::Opaque => [None, None],
        };
        (stats.min, stats.min_exact) = min.unzip();
        (stats.max, stats.max_exact) = max.unzip();
        stats
    }
}

/// A bound of a column, and whether a value of it.
type Bound = Option<(Json, bool)>;

fn exact<V>(extent: Extent<V>, json: impl Fn(V) -> Option<Json>) -> [Bound; 2] {
    let (min, max) = extent.0.unzip();
    [min, max].map(|bound| Some((json(bound?)?, true)))
}

fn int(value: i128) -> Option<Json> {
    let signed = i64::try_from(value).ok().map(Json::from);
    signed.or_else(|| u64::try_from(value).ok().map(Json::from))
}

fn text(literal: &Literal) -> Option<Json> {
    Some(Json::String(literal.to_string()))
}

/// Nanoseconds as RFC 3339, which has the years 0 to 9999.
fn time(value: i128) -> Option<Json> {
    let writable = nanoseconds(MIN_TIMESTAMP)..=nanoseconds(MAX_TIMESTAMP);
    writable
        .contains(&value)
        .then(|| crate::predicate::time_of(value))?
        .map(crate::manifest::time_json)
}
