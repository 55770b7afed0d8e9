use std::collections::BTreeMap;

use serde::Serialize;

use super::{MAX_LEVELS, READABLE, misfit, misfit_with};

#[derive(Serialize)]
enum Shape {
    Unit,
    Newtype(f64),
    Tuple(f32, f64),
    Struct { radius: f64 },
}

#[derive(Serialize)]
struct Pair(u8, Option<f64>);

/// Whatever can be in itself.
#[derive(Serialize)]
enum Nested {
    Leaf,
    Newtype(Box<Nested>),
    Tuple(u8, Box<Nested>),
    Struct { inner: Box<Nested> },
    List(Vec<Nested>),
    Map(BTreeMap<u8, Nested>),
    Option(Option<Box<Nested>>),
    Bytes(#[serde(serialize_with = "as_bytes")] Vec<u8>),
}

fn as_bytes<S: serde::Serializer>(bytes: &[u8], serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_bytes(bytes)
}

fn path(value: &impl Serialize) -> Option<String> {
    misfit(value).map(|misfit| misfit.path)
}

#[test]
fn finds_the_first_in_every_shape() {
    let nan = f64::NAN;
    assert_eq!(path(&nan).as_deref(), Some(""));
    assert_eq!(path(&Some(f32::NEG_INFINITY)).as_deref(), Some(""));
    assert_eq!(path(&(1.0, [0.0, nan])).as_deref(), Some("[1][1]"));
    assert_eq!(path(&Pair(1, Some(nan))).as_deref(), Some("[1]"));
    assert_eq!(path(&Shape::Newtype(nan)).as_deref(), Some(".Newtype"));
    assert_eq!(path(&Shape::Tuple(0.0, nan)).as_deref(), Some(".Tuple[1]"));
    assert_eq!(path(&Shape::Struct { radius: nan }).as_deref(), Some(".Struct.radius"));
    assert_eq!(path(&BTreeMap::from([(true, nan)])).as_deref(), Some(r#"["true"]"#));
    let long = BTreeMap::from([(u128::MAX, nan)]);
    assert_eq!(path(&long), Some(format!(r#"["{}"]"#, u128::MAX)));
    let low = BTreeMap::from([(i128::MIN, nan)]);
    assert_eq!(path(&low), Some(format!(r#"["{}"]"#, i128::MIN)));
    let with = misfit_with(|finder| f64::INFINITY.serialize(finder));
    assert_eq!(with.map(|misfit| misfit.path).as_deref(), Some(""));
}

#[test]
fn finds_nothing_where_json_can_hold_all() {
    let shapes = [Shape::Unit, Shape::Newtype(f64::MAX), Shape::Struct { radius: -0.0 }];
    assert_eq!(misfit(&shapes), None);
    assert_eq!(misfit(&("text", 'c', i128::MIN, u128::MAX, ())), None);
    assert_eq!(misfit(&serde_json::json!({"a": [1.5, null]})), None);
}

#[test]
fn leaves_other_errors_to_the_encoder() {
    struct Broken;
    impl Serialize for Broken {
        fn serialize<S: serde::Serializer>(&self, _: S) -> Result<S::Ok, S::Error> {
            Err(serde::ser::Error::custom("broken"))
        }
    }
    assert_eq!(misfit(&(Broken, f64::NAN)), None);
}

/// How many brackets are open at once in the text, which has none in strings.
fn levels(json: &str) -> usize {
    let step = |(open, most): (usize, usize), char| match char {
        '[' | '{' => (open + 1, most.max(open + 1)),
        ']' | '}' => (open - 1, most),
        _ => (open, most),
    };
    json.chars().fold((0, 0), step).1
}

#[test]
fn levels_are_those_of_the_json() {
    let shapes: [fn(Nested) -> Nested; 6] = [
        |inner| Nested::Newtype(inner.into()),
        |inner| Nested::Tuple(0, inner.into()),
        |inner| Nested::Struct { inner: inner.into() },
        |inner| Nested::List(vec![Nested::Leaf, inner]),
        |inner| Nested::Map([(1, inner)].into()),
        |inner| Nested::Option(Some(inner.into())),
    ];
    let leaves = [|| Nested::Leaf, || Nested::List(vec![]), || Nested::Bytes(vec![1])];
    let mut found = [0; 2];
    for (leaf, shape, count) in leaves.iter().flat_map(|leaf| {
        shapes.iter().flat_map(move |shape| (40..100).map(move |count| (leaf, shape, count)))
    }) {
        let value = (0..count).fold(leaf(), |inner, _| shape(inner));
        let is_deep = levels(&serde_json::to_string(&value).unwrap()) > MAX_LEVELS;
        let misfit = misfit(&value);
        assert_eq!(misfit.is_some(), is_deep, "{count}");
        if let Some(misfit) = misfit {
            assert_eq!(misfit.path, "");
            assert!(misfit.reason.contains("95 levels"), "{}", misfit.reason);
        }
        found[usize::from(is_deep)] += 1;
    }
    assert!(found.iter().all(|found| *found > 100), "{found:?}");
}

#[test]
fn so_many_levels_are_read() {
    let read = |levels| {
        let json = "[".repeat(levels) + &"]".repeat(levels);
        serde_json::from_str::<serde_json::Value>(&json).is_ok()
    };
    assert!(read(READABLE) && !read(READABLE + 1));
}

/// What serde_json does with its own structs is no level of the JSON.
#[test]
fn texts_of_json_are_looked_into() {
    let raw = |json: String| serde_json::value::RawValue::from_string(json).unwrap();
    let nested = |levels| "[".repeat(levels) + r#""]][[\"{{{""# + &"]".repeat(levels);
    assert_eq!(misfit(&raw(nested(MAX_LEVELS))), None);
    assert_eq!(misfit(&[raw(nested(MAX_LEVELS - 1))]), None);
    assert!(misfit(&raw(nested(MAX_LEVELS + 1))).is_some());
    assert!(misfit(&[raw(nested(MAX_LEVELS))]).is_some());

    struct Number(usize);
    impl Serialize for Number {
        fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
            if self.0 > 0 {
                return [Self(self.0 - 1)].serialize(serializer);
            }
            let name = "$serde_json::private::Number";
            let mut number = serializer.serialize_struct(name, 1)?;
            serde::ser::SerializeStruct::serialize_field(&mut number, name, "1")?;
            serde::ser::SerializeStruct::end(number)
        }
    }
    assert_eq!(misfit(&Number(MAX_LEVELS)), None);
    assert!(misfit(&Number(MAX_LEVELS + 1)).is_some());
}
