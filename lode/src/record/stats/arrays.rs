//! Statistics of columns: the same as of the records that they were made of.

use std::ops::Range as Rows;

use arrow_array::cast::AsArray;
use arrow_array::types::{
    ArrowPrimitiveType, Date32Type, Float32Type, Float64Type, Int32Type, TimestampMicrosecondType,
    TimestampNanosecondType,
};
use arrow_array::{Array, ArrayAccessor, PrimitiveArray, downcast_integer_array};
use arrow_buffer::NullBuffer;

use super::{Extent, Gauge, Gauges, Range};
use crate::record::Record;

impl Gauges {
    /// Those of each field.
    pub(crate) fn of_fields<T: Record>() -> Vec<Self> {
        let fields = T::SCHEMA.fields().chunks(1);
        fields.map(Self::of_schema).collect()
    }

    /// Those of a record whose fields have these.
    pub(crate) fn joined(fields: Vec<Self>) -> Self {
        let rows = fields.first().map_or(0, |field| field.rows);
        let gauges = fields.into_iter().flat_map(|field| field.gauges).collect();
        Self { gauges, next: 0, rows }
    }

    /// Adds the column of one field, as builders make it: where a struct is null, so are its fields.
    pub(crate) fn add_column(&mut self, column: &dyn Array) {
        self.next = 0;
        self.rows += column.len() as u64;
        self.add_values(column);
    }

    fn add_values(&mut self, values: &dyn Array) {
        if let Some(fields) = values.as_struct_opt() {
            fields.columns().iter().for_each(|field| self.add_values(field));
        } else if let Some(gauge) = self.gauge() {
            gauge.add_values(values);
        }
    }
}

impl Gauge {
    fn add_values(&mut self, values: &dyn Array) {
        let nulls = values.nulls();
        self.nulls += nulls.map_or(0, |nulls| nulls.null_count() as u64);
        let rows = || runs(values.len(), nulls);
        let known = match &mut self.range {
            Range::Opaque => Some(()),
            Range::Bool(extent) => {
                values.as_boolean_opt().map(|it| each(it, rows(), |value| extent.add(value)))
            }
            Range::Int(extent) => add_integers(extent, values, rows()),
            Range::Float(extent, nans) => add_floats(extent, nans, values, rows()),
            Range::Text(prefixes) => match values.as_dictionary_opt::<Int32Type>() {
                Some(names) => {
                    let mut is_used = vec![false; names.values().len()];
                    for &key in rows().flat_map(|rows| &names.keys().values()[rows]) {
                        if let Some(is_used) = is_used.get_mut(key as usize) {
                            *is_used = true;
                        }
                    }
                    let used = (0..is_used.len()).filter(|&name| is_used[name]);
                    let used = used.map(|name| name..name + 1);
                    names.values().as_string_opt::<i32>().map(|names| {
                        each(names, used, |name| prefixes.add(name));
                    })
                }
                None => values.as_string_opt::<i32>().map(|texts| {
                    each(texts, rows(), |text| prefixes.add(text));
                }),
            },
            Range::Bytes(prefixes) => values.as_binary_opt::<i32>().map(|values| {
                each(values, rows(), |bytes| prefixes.add(bytes));
            }),
            Range::Date(extent) => values.as_primitive_opt::<Date32Type>().map(|days| {
                least_and_most(days, rows(), |days| extent.add(days));
            }),
            Range::Time(extent) => add_times(extent, values, rows()),
            Range::Uuid(extent) => values.as_fixed_size_binary_opt().map(|values| {
                each(values, rows(), |bytes| {
                    if let Ok(uuid) = bytes.try_into() {
                        extent.add(uuid);
                    }
                });
            }),
        };
        // A column of a type that fields of this one do not make: nothing may be said of it.
        if known.is_none() {
            self.range = Range::Opaque;
        }
    }
}

/// The rows that are not null.
fn runs(len: usize, nulls: Option<&NullBuffer>) -> impl Iterator<Item = Rows<usize>> + '_ {
    let all = nulls.is_none().then_some(0..len);
    let some = nulls.into_iter().flat_map(NullBuffer::valid_slices);
    all.into_iter().chain(some.map(|(start, end)| start..end))
}

fn each<A: ArrayAccessor>(
    values: A,
    rows: impl Iterator<Item = Rows<usize>>,
    add: impl FnMut(A::Item),
) {
    rows.flatten().map(|row| values.value(row)).for_each(add);
}

/// The least and the greatest of each run.
fn least_and_most<P: ArrowPrimitiveType<Native: Ord>>(
    values: &PrimitiveArray<P>,
    rows: impl Iterator<Item = Rows<usize>>,
    mut add: impl FnMut(P::Native),
) {
    for rows in rows {
        let run = values.values()[rows].iter().copied();
        // Two loops without branches are faster than one with.
        run.clone().min().into_iter().chain(run.max()).for_each(&mut add);
    }
}

fn add_integers(
    extent: &mut Extent<i128>,
    values: &dyn Array,
    rows: impl Iterator<Item = Rows<usize>>,
) -> Option<()> {
    downcast_integer_array!(
        values => least_and_most(values, rows, |value| extent.add(value.into())),
        _ => return None
    );
    Some(())
}

fn add_floats(
    extent: &mut Extent<f64>,
    nans: &mut u64,
    values: &dyn Array,
    rows: impl Iterator<Item = Rows<usize>>,
) -> Option<()> {
    let mut add = |value: f64| match value.is_nan() {
        true => *nans += 1,
        false => extent.add(value),
    };
    if let Some(values) = values.as_primitive_opt::<Float64Type>() {
        each(values, rows, add);
    } else {
        each(values.as_primitive_opt::<Float32Type>()?, rows, |value| add(value.into()));
    }
    Some(())
}

/// In nanoseconds.
fn add_times(
    extent: &mut Extent<i128>,
    values: &dyn Array,
    rows: impl Iterator<Item = Rows<usize>>,
) -> Option<()> {
    if let Some(values) = values.as_primitive_opt::<TimestampNanosecondType>() {
        least_and_most(values, rows, |time| extent.add(time.into()));
    } else {
        let values = values.as_primitive_opt::<TimestampMicrosecondType>()?;
        least_and_most(values, rows, |time| extent.add(i128::from(time) * 1000));
    }
    Some(())
}
