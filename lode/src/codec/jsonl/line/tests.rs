use serde::ser::SerializeMap;
use serde::{Serialize, Serializer};
use serde_json::value::RawValue;

fn same_as_serde_json(record: &impl Serialize) {
    let mut output = b"before".to_vec();
    super::write(record, &mut output).unwrap();
    assert_eq!(output, [b"before".to_vec(), serde_json::to_vec(record).unwrap()].concat());
}

#[derive(Serialize)]
struct Empty {}

#[derive(Serialize)]
struct Names {
    plain: Option<u8>,
    #[serde(rename = "a \"quote\"\\ and \n")]
    escaped: Vec<f64>,
    #[serde(rename = "größe")]
    wide: Empty,
    #[serde(skip)]
    _skipped: u8,
}

struct Map;

impl Serialize for Map {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(None)?;
        map.serialize_entry("key", &1)?;
        map.end()
    }
}

#[test]
fn writes_what_serde_json_writes() {
    same_as_serde_json(&Empty {});
    for plain in [None, Some(7)] {
        let names = Names { plain, escaped: vec![1.5, -0.0], wide: Empty {}, _skipped: 0 };
        same_as_serde_json(&names);
    }
}

#[test]
fn a_serialize_by_hand_need_not_be_a_struct() {
    same_as_serde_json(&Map);
    same_as_serde_json(&Some(Empty {}));
    same_as_serde_json(&[1, 2]);
}

/// serde_json knows it by the name of the struct as which it is serialized.
#[test]
fn verbatim_json_stays_verbatim() {
    let raw = || RawValue::from_string(r#"{"a": [1,  2]}"#.to_owned()).unwrap();
    same_as_serde_json(&raw());
    same_as_serde_json(&Some(Holder { raw: raw(), inner: Inner { raw: raw() } }));

    #[derive(Serialize)]
    struct Holder {
        raw: Box<RawValue>,
        inner: Inner,
    }

    #[derive(Serialize)]
    struct Inner {
        raw: Box<RawValue>,
    }
}

#[test]
fn failures_are_those_of_serde_json() {
    #[derive(Serialize)]
    struct Bad {
        map: std::collections::BTreeMap<Vec<u8>, u8>,
    }
    let bad = Bad { map: [(vec![1], 1)].into() };
    let error = super::write(&bad, &mut Vec::new()).unwrap_err();
    assert_eq!(error.to_string(), serde_json::to_vec(&bad).unwrap_err().to_string());
}
