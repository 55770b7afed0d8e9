//! What serde asks of parameters for fields that stored data lack, columns ask too.

use serde::{Deserialize, Serialize};

use lode::record::Value;

#[derive(Serialize, Deserialize, lode::Record)]
struct Cached<T: Value> {
    id: u32,
    #[serde(skip)]
    cache: T,
}

#[derive(Serialize, Deserialize, lode::Record)]
struct Lacking<T: Value> {
    #[serde(default)]
    value: T,
    #[serde(default)]
    values: Vec<T>,
    #[lode(json)]
    #[serde(default)]
    json: Option<(T, u8)>,
}

#[derive(Serialize, Deserialize, lode::Record)]
#[serde(default)]
struct Whole<T: Value> {
    id: u32,
    value: T,
}

impl<T: Value> Default for Whole<T>
where
    T: From<u8>,
{
    fn default() -> Self {
        Self { id: 7, value: 7.into() }
    }
}

/// Asks nothing of the parameter.
#[derive(Serialize, Deserialize, lode::Record)]
struct Called<T: Value> {
    #[serde(default = "nothing")]
    value: Vec<T>,
}

fn nothing<T>() -> Vec<T> {
    Vec::new()
}

/// Has no default.
#[derive(Serialize, Deserialize, lode::Record)]
struct Inner {
    id: u32,
}

pub fn main() {
    fn fields<T: lode::Record>() -> usize {
        T::SCHEMA.fields().len()
    }
    assert_eq!(fields::<Cached<u8>>(), 1);
    assert_eq!(fields::<Lacking<u8>>(), 3);
    assert_eq!(fields::<Whole<u8>>(), 2);
    assert_eq!(fields::<Called<Inner>>(), 1);
    let cached = Cached { id: 1, cache: 2_u8 };
    assert_eq!((cached.id, cached.cache), (1, 2));
    let Lacking { value, values, json } =
        serde_json::from_str::<Lacking<u8>>("{}").unwrap();
    assert_eq!((value, values, json), (0, vec![], None));
    let Whole { id, value } = serde_json::from_str::<Whole<u8>>("{}").unwrap();
    assert_eq!((id, value), (7, 7));
    let Called { value } = serde_json::from_str::<Called<Inner>>("{}").unwrap();
    assert_eq!(value.iter().map(|inner| inner.id).sum::<u32>(), 0);
}
