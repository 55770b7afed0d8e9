use serde::{Deserialize, Serialize};
use serde_json::{Value as Json, json};

use super::{Gauges, file_bounds};
use crate::Record;
use crate::manifest::{ColumnStats, FileStats};
use crate::predicate::{Bounds, Predicate};
use crate::record::{Bytes, RecordSchema};

#[derive(Debug, Clone, Serialize, Deserialize, crate::Record)]
#[lode(crate = crate)]
struct Position {
    lat: f64,
    name: Option<String>,
}

#[derive(Debug, Clone, Serialize, Deserialize, crate::Record)]
#[lode(crate = crate)]
struct Photo {
    id: u64,
    #[serde(rename = "size in bytes", alias = "size")]
    size: Option<i32>,
    position: Option<Position>,
    thumb: Bytes,
    tags: Vec<String>,
    taken: chrono::NaiveDate,
    #[lode(json)]
    raw: Option<u8>,
}

fn photo() -> Photo {
    Photo {
        id: u64::MAX,
        size: Some(-7),
        position: Some(Position { lat: f64::NAN, name: Some("x".repeat(65)) }),
        thumb: vec![255; 65].into(),
        tags: vec![],
        taken: "2013-01-01".parse().unwrap(),
        raw: None,
    }
}

fn stats(photos: &[Photo]) -> FileStats {
    let mut gauges = Gauges::of::<Photo>();
    photos.iter().for_each(|photo| gauges.add(photo));
    gauges.stats()
}

#[test]
fn statistics_are_as_the_format_says() {
    let other = Photo { id: 3, size: None, position: None, raw: Some(1), ..photo() };
    let found = serde_json::to_value(stats(&[photo(), other])).unwrap();
    let long = "x".repeat(64);
    let above = format!("{}y", "x".repeat(63));
    let thumb = base64::Engine::encode(&base64::engine::general_purpose::STANDARD, [255; 64]);
    let expected = json!({"row_count": 2, "columns": [
        {"name": "id", "min": 3, "max": u64::MAX, "null_count": 0, "min_exact": true, "max_exact": true},
        {"name": "size in bytes", "min": -7, "max": -7, "null_count": 1, "min_exact": true, "max_exact": true},
        {"name": "position.lat", "null_count": 1, "nan_count": 1},
        {"name": "position.name", "min": long, "max": above, "null_count": 1, "min_exact": false, "max_exact": false},
        // No 64 bytes are above 65 bytes of 255.
        {"name": "thumb", "min": thumb, "null_count": 0, "min_exact": false},
        {"name": "tags", "null_count": 0},
        {"name": "taken", "min": "2013-01-01", "max": "2013-01-01", "null_count": 0, "min_exact": true, "max_exact": true},
        {"name": "raw", "null_count": 0},
    ]});
    assert_eq!(found, expected);
}

#[derive(Serialize, Deserialize, crate::Record)]
#[lode(crate = crate)]
struct Dotted {
    position: Position,
    #[serde(rename = "position.lat")]
    lat: f64,
}

#[test]
fn columns_of_one_name_have_no_statistics() {
    let mut gauges = Gauges::of::<Dotted>();
    gauges.add(&Dotted { position: Position { lat: 1.0, name: None }, lat: 2.0 });
    let names: Vec<_> = gauges.stats().columns.into_iter().map(|column| column.name).collect();
    assert_eq!(names, ["position.name"]);
}

fn bounds(stats: &FileStats, schema: &RecordSchema, predicate: Predicate<Photo>) -> Bounds {
    let mut found = None;
    predicate.into_expr().columns(&mut |column| {
        found = Some(file_bounds(Some(stats), schema, column));
    });
    found.unwrap()
}

fn schema(fields: Json) -> RecordSchema {
    serde_json::from_value(json!({"name": "Old", "fields": fields})).unwrap()
}

#[test]
fn statistics_that_do_not_fit_are_unknown() {
    let own = RecordSchema::of::<Photo>();
    let column = |name: &str, change: &dyn Fn(&mut ColumnStats)| {
        let mut column = ColumnStats {
            name: name.to_owned(),
            min: Some(json!(1)),
            max: Some(json!(2)),
            null_count: Some(0),
            nan_count: Some(0),
            min_exact: Some(true),
            max_exact: Some(false),
            ..ColumnStats::default()
        };
        change(&mut column);
        FileStats { row_count: 10, columns: vec![column] }
    };
    let id = || Photo::columns().id.eq(1);
    let lat = || Photo::columns().position.lat.eq(1.0);
    let known = bounds(&column("id", &|_| {}), &own, id());
    assert!(known.min.is_some() && known.max.is_some() && !known.nulls && !known.nans);

    let no_bounds: [&dyn Fn(&mut ColumnStats); 6] = [
        &|it| (it.min_exact, it.max_exact) = (None, None),
        &|it| (it.min, it.max) = (Some(json!("1")), Some(json!(true))),
        &|it| (it.min, it.max) = (Some(json!(1.5)), Some(json!("2013-01-01"))),
        &|it| it.name = "ID".to_owned(),
        // More nulls than rows.
        &|it| it.null_count = Some(11),
        &|it| it.null_count = Some(u64::MAX),
    ];
    for change in no_bounds {
        let found = bounds(&column("id", change), &own, id());
        assert_eq!((found.min, found.max, found.values), (None, None, true));
    }
    let of_floats: [&dyn Fn(&mut ColumnStats); 4] = [
        &|it| it.nan_count = None,
        &|it| (it.min, it.max) = (Some(json!("NaN")), Some(json!("NaN"))),
        // Not to be told as floats.
        &|it| (it.min, it.max) = (Some(json!(u64::MAX)), Some(json!(i64::MIN))),
        &|it| (it.nan_count, it.null_count) = (Some(u64::MAX), Some(1)),
    ];
    for change in of_floats {
        let found = bounds(&column("position.lat", change), &own, lat());
        assert_eq!((found.min, found.max, found.values), (None, None, true));
    }
    // Twice the same column.
    let mut twice = column("id", &|_| {});
    twice.columns.push(twice.columns[0].clone());
    assert_eq!(bounds(&twice, &own, id()).min, None);
}

#[test]
fn bounds_follow_the_schema_of_the_file() {
    let stats = |name: &str| FileStats {
        row_count: 10,
        columns: vec![ColumnStats {
            name: name.to_owned(),
            min: Some(json!(1)),
            max: Some(json!(2)),
            null_count: Some(1),
            min_exact: Some(true),
            max_exact: Some(true),
            ..ColumnStats::default()
        }],
    };
    let size = || Photo::columns().size.eq(1);
    // An alias, and a narrower type.
    let old = schema(json!([{"name": "size", "type": "int8", "nullable": true}]));
    assert!(bounds(&stats("size"), &old, size()).min.is_some());
    // Another type.
    let other = schema(json!([{"name": "size", "type": "timestamp", "nullable": true}]));
    assert_eq!(bounds(&stats("size"), &other, size()).min, None);
    // The same number in a text is not the same float in either width.
    let narrow = schema(json!([{"name": "position", "type": {"struct": [
        {"name": "lat", "type": "float32", "nullable": false},
    ]}, "nullable": false}]));
    let mut of_lat = stats("position.lat");
    of_lat.columns[0].nan_count = Some(0);
    let found = bounds(&of_lat, &narrow, Photo::columns().position.lat.eq(1.0));
    assert_eq!((found.min, found.max), (None, None));
    // Both names.
    let both = schema(json!([
        {"name": "size", "type": "int8", "nullable": true},
        {"name": "size in bytes", "type": "int8", "nullable": true},
    ]));
    assert_eq!(bounds(&stats("size"), &both, size()), Bounds::UNKNOWN);
    // A file without the column: null, since it is optional.
    let none = schema(json!([{"name": "x", "type": "int8", "nullable": true}]));
    assert_eq!(bounds(&stats("size"), &none, size()), Bounds::NULL);
    assert_eq!(bounds(&stats("id"), &none, Photo::columns().id.eq(1)), Bounds::UNKNOWN);
    let empty = FileStats { row_count: 0, columns: vec![] };
    assert_eq!(bounds(&empty, &none, size()), Bounds::EMPTY);
}

#[derive(Debug, Clone, Copy, Serialize, Deserialize, crate::Enum)]
#[lode(crate = crate)]
enum Status {
    #[serde(alias = "Flown")]
    Landed,
    Cancelled,
}

#[derive(Debug, Clone, Serialize, Deserialize, crate::Record)]
#[lode(crate = crate)]
struct Flight {
    status: Status,
}

#[test]
fn bounds_of_names_that_changed_are_unknown() {
    let predicate = Flight::columns().status.eq(Status::Landed).into_expr();
    let of = |names: [&str; 2]| {
        let field = json!([{"name": "status", "type": {"enum": names}, "nullable": false}]);
        let mut column = ColumnStats { name: "status".to_owned(), ..ColumnStats::default() };
        column.min = Some(json!(names[0]));
        column.max = Some(json!(names[0]));
        (column.min_exact, column.max_exact) = (Some(true), Some(true));
        let stats = FileStats { row_count: 1, columns: vec![column] };
        predicate.outcomes(&|column| file_bounds(Some(&stats), &schema(field.clone()), column))
    };
    assert!(of(["Cancelled", "Landed"]).never());
    assert!(!of(["Flown", "Cancelled"]).never());
}
