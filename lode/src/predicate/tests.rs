//! Predicates against the plain meaning of their words, and bounds against what rows really are.

use chrono::{DateTime, NaiveDate, TimeDelta, Utc};
use proptest::collection::vec;
use proptest::option::of;
use proptest::prelude::*;
use serde::{Deserialize, Serialize};

use super::expr::Expr;
use super::outcomes::Outcomes;
use super::{Bounds, Predicate};
use crate::Record;
use crate::manifest::FileStats;
use crate::record::stats::{Gauges, file_bounds};
use crate::record::{Bytes, RecordSchema};

#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize, crate::Enum)]
#[lode(crate = crate)]
enum Status {
    OnTime,
    Late,
    #[serde(rename = "called off")]
    Cancelled,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, crate::Record)]
#[lode(crate = crate)]
struct Inner {
    x: Option<i32>,
    y: f64,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, crate::Record)]
#[lode(crate = crate)]
struct Row {
    small: Option<i8>,
    int: i64,
    long: Option<u64>,
    single: f32,
    double: Option<f64>,
    text: String,
    maybe: Option<String>,
    bytes: Bytes,
    date: NaiveDate,
    at: Option<DateTime<Utc>>,
    flag: Option<bool>,
    status: Option<Status>,
    inner: Option<Inner>,
    list: Option<Vec<u8>>,
    #[lode(json)]
    json: Option<u8>,
}

fn date(day: i64) -> NaiveDate {
    NaiveDate::from_ymd_opt(2013, 1, 1).unwrap() + TimeDelta::days(day)
}

fn time(nanosecond: i64) -> DateTime<Utc> {
    DateTime::from_timestamp(1_356_998_400, 0).unwrap() + TimeDelta::nanoseconds(nanosecond)
}

fn dates() -> impl Strategy<Value = NaiveDate> {
    prop_oneof![
        4 => (-2..3_i64).prop_map(date),
        1 => Just(NaiveDate::MIN),
        1 => Just(NaiveDate::MAX),
    ]
}

fn times() -> impl Strategy<Value = DateTime<Utc>> {
    prop_oneof![
        4 => (-2..3_i64).prop_map(time),
        1 => Just(DateTime::<Utc>::MIN_UTC),
        1 => Just(DateTime::<Utc>::MAX_UTC),
        // A leap second, and the moment it is compared as.
        1 => Just(DateTime::from_timestamp(1_356_998_399, 1_500_000_000).unwrap()),
        1 => Just(DateTime::from_timestamp(1_356_998_400, 500_000_000).unwrap()),
    ]
}

fn doubles() -> impl Strategy<Value = f64> {
    prop_oneof![
        Just(f64::NAN),
        Just(-0.0),
        Just(0.0),
        Just(f64::INFINITY),
        Just(f64::NEG_INFINITY),
        Just(f64::MAX),
        Just(f64::MIN_POSITIVE),
        Just(0.1),
        (-2..3_i8).prop_map(f64::from),
    ]
}

fn ints() -> impl Strategy<Value = i64> {
    prop_oneof![Just(i64::MIN), Just(i64::MAX), Just((1 << 53) + 1), (-2..3_i64)]
}

fn longs() -> impl Strategy<Value = u64> {
    prop_oneof![Just(u64::MAX), Just(u64::MAX - 1), (0..3_u64)]
}

/// Texts around the length where bounds are cut, of letters that cannot all be rounded up.
fn texts() -> impl Strategy<Value = String> {
    let letters = prop_oneof![Just("a"), Just("b"), Just("\u{10ffff}"), Just("\u{7f}"), Just("é")];
    let many = (letters.clone(), prop_oneof![0..3_usize, 14..18_usize, 31..34_usize, 62..67_usize]);
    let end = vec(letters, 0..3).prop_map(|letters| letters.concat());
    (many, end).prop_map(|((letter, many), end)| letter.repeat(many) + &end)
}

fn byte_strings() -> impl Strategy<Value = Vec<u8>> {
    let byte = prop_oneof![Just(0_u8), Just(1), Just(254), Just(255)];
    let end = vec(byte.clone(), 0..3);
    (byte, prop_oneof![0..2_usize, 62..67_usize], end).prop_map(|(byte, many, end)| {
        let mut bytes = vec![byte; many];
        bytes.extend(end);
        bytes
    })
}

fn statuses() -> impl Strategy<Value = Status> {
    prop_oneof![Just(Status::OnTime), Just(Status::Late), Just(Status::Cancelled)]
}

fn rows() -> impl Strategy<Value = Row> {
    let numbers = (of(-2..3_i8), ints(), of(longs()), doubles(), of(doubles()));
    let words = (texts(), of(texts()), byte_strings());
    let times = (dates(), of(times()), of(any::<bool>()), of(statuses()));
    let inner = of((of(-2..3_i32), doubles()).prop_map(|(x, y)| Inner { x, y }));
    (numbers, words, times, inner, of(vec(any::<u8>(), 0..2)), of(any::<u8>())).prop_map(
        |((small, int, long, single, double), (text, maybe, bytes), times, inner, list, json)| {
            let (date, at, flag, status) = times;
            let (single, bytes) = (single as f32, bytes.into());
            Row {
                small,
                int,
                long,
                single,
                double,
                text,
                maybe,
                bytes,
                date,
                at,
                flag,
                status,
                inner,
                list,
                json,
            }
        },
    )
}

macro_rules! comparisons {
    ($column:expr, $values:expr, |$value:ident| $query:expr) => {
        ($values, 0..6_u8)
            .prop_map(|($value, op)| match op {
                0 => $column.eq($query),
                1 => $column.ne($query),
                2 => $column.lt($query),
                3 => $column.le($query),
                4 => $column.gt($query),
                _ => $column.ge($query),
            })
            .boxed()
    };
}

fn leaves() -> impl Strategy<Value = Predicate<Row>> {
    let comparisons = prop_oneof![
        comparisons!(Row::columns().small, -3..4_i8, |it| it),
        comparisons!(Row::columns().int, ints(), |it| it),
        comparisons!(Row::columns().long, longs(), |it| it),
        comparisons!(Row::columns().single, doubles(), |it| it as f32),
        comparisons!(Row::columns().double, doubles(), |it| it),
        comparisons!(Row::columns().text, texts(), |it| &it),
        comparisons!(Row::columns().maybe, texts(), |it| &it),
        comparisons!(Row::columns().bytes, byte_strings(), |it| &it),
        comparisons!(Row::columns().date, dates(), |it| it),
        comparisons!(Row::columns().at, times(), |it| it),
        comparisons!(Row::columns().inner.x, -3..4_i32, |it| it),
        comparisons!(Row::columns().inner.y, doubles(), |it| it),
    ];
    let others = prop_oneof![
        any::<bool>().prop_map(|it| Row::columns().flag.eq(it)),
        any::<bool>().prop_map(|it| Row::columns().flag.ne(it)),
        vec(statuses(), 0..3).prop_map(|it| Row::columns().status.is_in(it)),
        vec(doubles(), 0..3).prop_map(|it| Row::columns().double.is_in(it)),
        vec(texts(), 0..3).prop_map(|it| Row::columns().maybe.is_in(it.iter().map(String::as_str))),
        texts().prop_map(|it| Row::columns().text.starts_with(&it)),
        texts().prop_map(|it| Row::columns().maybe.starts_with(&it)),
        Just(Row::columns().double.is_null()),
        Just(Row::columns().text.is_null()),
        Just(Row::columns().list.is_null()),
        Just(Row::columns().inner.is_null()),
        Just(Row::columns().inner.x.is_not_null()),
        Just(Row::columns().inner.y.is_null()),
    ];
    prop_oneof![3 => comparisons, 1 => others]
}

fn predicates() -> impl Strategy<Value = Predicate<Row>> {
    leaves().prop_recursive(3, 8, 2, |inner| {
        prop_oneof![
            (inner.clone(), inner.clone()).prop_map(|(a, b)| a & b),
            (inner.clone(), inner.clone()).prop_map(|(a, b)| a | b),
            inner.prop_map(|a| !a),
        ]
    })
}

/// The statistics of these rows, as they come back from a manifest.
fn stats(rows: &[Row]) -> FileStats {
    let mut gauges = Gauges::of::<Row>();
    rows.iter().for_each(|row| gauges.add(row));
    let mut stats = gauges.stats();
    for column in &mut stats.columns {
        for bound in [&mut column.min, &mut column.max] {
            *bound = bound.take().map(|it| serde_json::from_str(&it.to_string()).unwrap());
        }
    }
    stats
}

fn outcomes(predicate: &Predicate<Row>, stats: Option<&FileStats>) -> Outcomes {
    let schema = RecordSchema::of::<Row>();
    predicate.expr.outcomes(&|column| file_bounds(stats, &schema, column))
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(2048) })]

    /// What a predicate is for a row is among the outcomes that the bounds of its file allow.
    #[test]
    fn outcomes_hold_what_rows_are(rows in vec(rows(), 0..5), predicate in predicates()) {
        let stats = stats(&rows);
        let allowed = outcomes(&predicate, Some(&stats));
        let unknown = outcomes(&predicate, None);
        for row in &rows {
            let found = predicate.matches(row);
            prop_assert!(allowed.has(found), "{predicate} is {found:?}: {stats:?}");
            prop_assert!(unknown.has(found), "{predicate} is {found:?} without statistics");
        }
    }

    #[test]
    fn words_mean_what_they_do_in_sql(row in rows(), a in leaves(), b in leaves()) {
        let (left, right) = (a.matches(&row), b.matches(&row));
        let both = match (left, right) {
            (Some(false), _) | (_, Some(false)) => Some(false),
            (Some(true), Some(true)) => Some(true),
            _ => None,
        };
        let either = match (left, right) {
            (Some(true), _) | (_, Some(true)) => Some(true),
            (Some(false), Some(false)) => Some(false),
            _ => None,
        };
        prop_assert_eq!((a.clone() & b.clone()).matches(&row), both);
        prop_assert_eq!((a.clone() | b).matches(&row), either);
        prop_assert_eq!((!a.clone()).matches(&row), left.map(|it| !it));
        prop_assert_eq!((!!a.clone()).matches(&row), left);
    }

    #[test]
    fn comparisons_are_those_of_rust(row in rows(), double in doubles(), text in texts()) {
        let columns = Row::columns();
        prop_assert_eq!(columns.double.lt(double).matches(&row), row.double.map(|it| it < double));
        prop_assert_eq!(columns.double.ge(double).matches(&row), row.double.map(|it| it >= double));
        prop_assert_eq!(columns.double.ne(double).matches(&row), row.double.map(|it| it != double));
        prop_assert_eq!(
            columns.double.is_in([double, 0.0]).matches(&row),
            row.double.map(|it| it == double || it == 0.0)
        );
        prop_assert_eq!(columns.text.gt(&text).matches(&row), Some(row.text > text));
        prop_assert_eq!(
            columns.maybe.starts_with(&text).matches(&row),
            row.maybe.as_ref().map(|it| it.starts_with(&text))
        );
        let y = row.inner.as_ref().map(|inner| inner.y == double);
        prop_assert_eq!(columns.inner.y.eq(double).matches(&row), y);
        prop_assert_eq!(columns.inner.y.is_null().matches(&row), Some(row.inner.is_none()));
    }
}

#[test]
fn predicates_print_as_one_would_say_them() {
    let columns = Row::columns();
    let at: DateTime<Utc> = "2013-01-01T05:00:00Z".parse().unwrap();
    let cases = [
        (columns.small.gt(60) & columns.text.eq("JFK"), r#"small > 60 and text = "JFK""#),
        (
            columns.int.le(1)
                & columns.int.ge(-1)
                & (columns.flag.eq(true) | columns.flag.is_null()),
            "int <= 1 and int >= -1 and (flag = true or flag is null)",
        ),
        (!columns.maybe.starts_with("a\"b"), r#"not (maybe starts with "a\"b")"#),
        (columns.inner.x.is_not_null(), "inner.x is not null"),
        (
            columns.status.is_in([Status::Late, Status::Cancelled]),
            r#"status in ("Late", "called off")"#,
        ),
        (columns.double.ne(1.0), "double != 1.0"),
        (columns.bytes.lt(&[0, 255]), "bytes < 0x00ff"),
        (columns.date.eq(date(0)), "date = 2013-01-01"),
        (columns.at.ge(at), "at >= 2013-01-01T05:00:00Z"),
        (columns.long.is_in([3, 1, 3, 2]), "long in (1, 2, 3)"),
    ];
    for (predicate, text) in cases {
        assert_eq!(predicate.to_string(), text);
        assert_eq!(format!("{predicate:?}"), format!("Predicate({text})"));
    }
}

#[test]
fn nothing_is_in_an_empty_list() {
    let row = Row { maybe: None, ..row() };
    assert_eq!(Row::columns().maybe.is_in([]).matches(&row), Some(false));
    assert_eq!(Row::columns().maybe.is_in(["a"]).matches(&row), None);
}

#[test]
fn what_no_value_of_a_file_can_be_is_ruled_out() {
    let rows = [
        Row { int: 3, double: Some(1.0), text: "b".repeat(70), ..row() },
        Row { int: 7, double: Some(f64::NAN), text: "d".into(), maybe: None, ..row() },
    ];
    let stats = stats(&rows);
    let columns = Row::columns();
    let never = [
        columns.int.eq(8),
        columns.int.lt(3),
        columns.int.gt(7),
        columns.int.is_in([1, 2, 8, i64::MAX]),
        columns.double.gt(1.0),
        columns.double.eq(f64::NAN),
        columns.text.lt("b"),
        columns.text.gt("d"),
        columns.text.starts_with("a"),
        columns.text.starts_with("dd"),
        columns.int.is_null(),
        columns.list.is_null(),
        columns.int.ge(3) & columns.int.ge(8),
        !columns.int.le(7),
        columns.inner.x.eq(2),
    ];
    for predicate in never {
        assert!(outcomes(&predicate, Some(&stats)).never(), "{predicate}");
    }
    let always = [
        columns.int.ge(3) & columns.int.le(7),
        columns.int.ne(8),
        columns.double.ne(2.0),
        columns.text.is_not_null(),
        columns.text.starts_with(""),
        columns.list.is_not_null(),
    ];
    for predicate in always {
        assert!(outcomes(&predicate, Some(&stats)).always(), "{predicate}");
    }
    let open = [
        columns.int.eq(5),
        columns.double.le(1.0),
        columns.text.starts_with("b"),
        columns.maybe.is_null(),
    ];
    for predicate in open {
        let outcomes = outcomes(&predicate, Some(&stats));
        assert!(!outcomes.never() && !outcomes.always(), "{predicate}");
    }
}

#[test]
fn bounds_the_wrong_way_round_or_of_another_type_say_nothing() {
    use super::Literal::{Int, Text};
    let of = |min, max| Bounds { min: Some(min), max: Some(max), ..Bounds::VALUES };
    let either = [Some(true), Some(false)];
    for bounds in
        [of(Int(5), Int(1)), of(Text("a".into()), Text("b".into())), of(Int(1), Text("b".into()))]
    {
        for predicate in [Row::columns().int.eq(9), Row::columns().int.is_in([9])] {
            let outcomes = predicate.expr.outcomes(&|_| bounds.clone());
            assert!(either.iter().all(|it| outcomes.has(*it)), "{predicate}: {bounds:?}");
        }
    }
    let prefix = Row::columns().text.starts_with("x");
    for bounds in [of(Text("b".into()), Text("a".into())), of(Int(1), Int(2))] {
        let outcomes = prefix.expr.outcomes(&|_| bounds.clone());
        assert!(either.iter().all(|it| outcomes.has(*it)), "{bounds:?}");
    }
}

#[test]
fn long_chains_stay_flat() {
    let one = || Row::columns().int.ge(0);
    let all = (0..100_000).fold(one(), |all, _| all & one());
    assert_eq!(all.matches(&row()), Some(true));
    let Expr::And(parts) = all.into_expr() else { panic!("not flat") };
    assert_eq!(parts.len(), 100_001);
}

fn row() -> Row {
    Row {
        small: Some(0),
        int: 0,
        long: Some(0),
        single: 0.0,
        double: Some(0.0),
        text: String::new(),
        maybe: Some(String::new()),
        bytes: Bytes::default(),
        date: date(0),
        at: Some(time(0)),
        flag: Some(true),
        status: Some(Status::Late),
        inner: Some(Inner { x: Some(1), y: 0.0 }),
        list: Some(vec![]),
        json: None,
    }
}
