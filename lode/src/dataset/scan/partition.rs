//! What a file's partition says of the columns that partitions are made of.
//!
//! What a key is made of is known by the schema of the file: the record that is read may have given its
//! name to something else since.

use chrono::{DateTime, Days, Months, NaiveDate, NaiveDateTime, NaiveTime, TimeDelta, Utc};

use crate::partition::Partition;
use crate::predicate::{Bounds, ColumnPath, Literal, days, nanoseconds};
use crate::record::{Key, RecordField, RecordSchema, RecordType, Scalar, Type};

/// What Go's partitions have for null.
const GO_NULL: &str = "<nil>";

/// What is known of `column` in a partition, where the file's records have this schema; `None` if it
/// has none, as Go's.
pub(super) fn partition_bounds(
    partition: &Partition,
    schema: Option<&RecordSchema>,
    column: &ColumnPath,
) -> Bounds {
    let [level] = column.levels.as_slice() else { return Bounds::UNKNOWN };
    let mut bounds = Bounds::UNKNOWN;
    for name in std::iter::once(&level.name).chain(level.aliases) {
        let Some(schema) = schema else {
            if let Some(value) = partition.get(name) {
                bounds = bounds.and(of_go(value, &level.ty));
            }
            continue;
        };
        let Some(field) = find(schema, name) else { continue };
        if let Some(value) = partition.get(name) {
            bounds = bounds.and(match value {
                None => Bounds::NULL,
                Some(text) => literal(text, &level.ty).map_or(Bounds::UNKNOWN, Bounds::exactly),
            });
        }
        if field.ty != RecordType::Scalar(Scalar::Timestamp) {
            continue;
        }
        for part in Part::ALL {
            let key = format!("{name}_{}", part.name());
            // A field may have that name itself.
            let is_field = find(schema, &key).is_some();
            if let Some(value) = partition.get(&key).filter(|_| !is_field) {
                bounds = bounds.and(match value {
                    None => Bounds::NULL,
                    Some(text) => part.bounds(text).unwrap_or(Bounds::UNKNOWN),
                });
            }
        }
    }
    bounds
}

fn find<'a>(schema: &'a RecordSchema, name: &str) -> Option<&'a RecordField> {
    schema.fields().iter().find(|field| field.name == name)
}

/// What a key of Go's says: it is always that of a field of the same name, but of a time only the day,
/// by which the time's text begins.
fn of_go(value: Option<&str>, ty: &Type) -> Bounds {
    match value.filter(|text| *text != GO_NULL).and_then(|text| literal(text, ty)) {
        Some(Literal::Text(text)) => {
            // Above the day with a `T` and whatever follows.
            let max = format!("{text}U");
            let (min, max) = (Some(Literal::Text(text)), Some(Literal::Text(max)));
            Bounds { min, max, ..Bounds::VALUES }
        }
        Some(value) => Bounds::exactly(value),
        None => Bounds::UNKNOWN,
    }
}

/// The value of a partition key, if it is the text of just one value of this type.
fn literal(text: &str, ty: &Type) -> Option<Literal> {
    let scalar = match ty {
        Type::Enum(variants) => {
            let is_known = variants.iter().any(|variant| variant.name == text);
            return is_known.then(|| Literal::Name(text.to_owned()));
        }
        Type::Scalar(scalar) => scalar,
        _ => return None,
    };
    match scalar {
        Scalar::String => Some(Literal::Text(text.to_owned())),
        Scalar::Bool => text.parse().ok().map(Literal::Bool),
        Scalar::Date => {
            let date = text.parse::<NaiveDate>().ok()?;
            (Key::text(&date) == text).then(|| Literal::Date(days(date)))
        }
        Scalar::Int8
        | Scalar::Int16
        | Scalar::Int32
        | Scalar::Int64
        | Scalar::Uint8
        | Scalar::Uint16
        | Scalar::Uint32
        | Scalar::Uint64 => {
            let value = text.parse::<i128>().ok()?;
            (value.to_string() == text).then_some(Literal::Int(value))
        }
        _ => None,
    }
}

/// A part of a time that is a partition key.
#[derive(Clone, Copy)]
enum Part {
    Year,
    Month,
    Day,
    Hour,
}

impl Part {
    const ALL: [Self; 4] = [Self::Year, Self::Month, Self::Day, Self::Hour];

    fn name(self) -> &'static str {
        match self {
            Self::Year => "year",
            Self::Month => "month",
            Self::Day => "day",
            Self::Hour => "hour",
        }
    }

    /// The times of which this part is `text`. Only years of four digits are understood.
    fn bounds(self, text: &str) -> Option<Bounds> {
        let (date, hour) = match (self, text.split_once('T')) {
            (Self::Hour, Some((date, hour))) => (date.to_owned(), digits(hour, 2)?),
            (Self::Hour, None) | (_, Some(_)) => return None,
            (Self::Year, None) => (format!("{text}-01-01"), 0),
            (Self::Month, None) => (format!("{text}-01"), 0),
            (Self::Day, None) => (text.to_owned(), 0),
        };
        let mut numbers = date.split('-');
        let mut next = |len| digits(numbers.next()?, len);
        let date = NaiveDate::from_ymd_opt(i32::try_from(next(4)?).ok()?, next(2)?, next(2)?)?;
        if numbers.next().is_some() {
            return None;
        }
        let begin = date.and_time(NaiveTime::from_hms_opt(hour, 0, 0)?);
        let end = match self {
            Self::Year => begin.checked_add_months(Months::new(12)),
            Self::Month => begin.checked_add_months(Months::new(1)),
            Self::Day => begin.checked_add_days(Days::new(1)),
            Self::Hour => begin.checked_add_signed(TimeDelta::hours(1)),
        }?;
        Some(Bounds {
            min: Some(time(begin)),
            // The leap second that ends a part is compared as the second after it.
            max: Some(time(end.checked_add_signed(TimeDelta::seconds(1))?)),
            ..Bounds::VALUES
        })
    }
}

fn time(time: NaiveDateTime) -> Literal {
    Literal::Time(nanoseconds(DateTime::<Utc>::from_naive_utc_and_offset(time, Utc)))
}

/// A number of exactly `len` digits.
fn digits(text: &str, len: usize) -> Option<u32> {
    let is_number = text.len() == len && text.bytes().all(|byte| byte.is_ascii_digit());
    if is_number { text.parse().ok() } else { None }
}
