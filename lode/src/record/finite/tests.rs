use std::collections::BTreeMap;

use serde::Serialize;

use super::{non_finite, non_finite_with};

#[derive(Serialize)]
enum Shape {
    Unit,
    Newtype(f64),
    Tuple(f32, f64),
    Struct { radius: f64 },
}

#[derive(Serialize)]
struct Pair(u8, Option<f64>);

#[test]
fn finds_the_first_in_every_shape() {
    let nan = f64::NAN;
    assert_eq!(non_finite(&nan).as_deref(), Some(""));
    assert_eq!(non_finite(&Some(f32::NEG_INFINITY)).as_deref(), Some(""));
    assert_eq!(non_finite(&(1.0, [0.0, nan])).as_deref(), Some("[1][1]"));
    assert_eq!(non_finite(&Pair(1, Some(nan))).as_deref(), Some("[1]"));
    assert_eq!(non_finite(&Shape::Newtype(nan)).as_deref(), Some(".Newtype"));
    assert_eq!(non_finite(&Shape::Tuple(0.0, nan)).as_deref(), Some(".Tuple[1]"));
    assert_eq!(non_finite(&Shape::Struct { radius: nan }).as_deref(), Some(".Struct.radius"));
    assert_eq!(non_finite(&BTreeMap::from([(true, nan)])).as_deref(), Some(r#"["true"]"#));
    let with = non_finite_with(|finder| f64::INFINITY.serialize(finder));
    assert_eq!(with.as_deref(), Some(""));
}

#[test]
fn finds_nothing_where_json_can_hold_all() {
    let shapes = [Shape::Unit, Shape::Newtype(f64::MAX), Shape::Struct { radius: -0.0 }];
    assert_eq!(non_finite(&shapes), None);
    assert_eq!(non_finite(&("text", 'c', i128::MIN, u128::MAX, ())), None);
    assert_eq!(non_finite(&serde_json::json!({"a": [1.5, null]})), None);
}

#[test]
fn leaves_other_errors_to_the_encoder() {
    struct Broken;
    impl Serialize for Broken {
        fn serialize<S: serde::Serializer>(&self, _: S) -> Result<S::Ok, S::Error> {
            Err(serde::ser::Error::custom("broken"))
        }
    }
    assert_eq!(non_finite(&(Broken, f64::NAN)), None);
}
