//! Names that the expanded code might use itself mean nothing to it.

#![allow(dead_code, non_camel_case_types)]

use serde::{Deserialize, Serialize};

struct Option;
struct String;
struct Some;
struct None;
struct Vec;
struct Box;
struct Result;
struct bool_;
trait Value {}
trait Field {}
trait Record {}
mod core {}
mod std {}

#[derive(Serialize, Deserialize, lode::Enum)]
enum Key {
    Option,
    String,
}

#[derive(Serialize, Deserialize, lode::Record)]
struct Schema {
    #[lode(partition)]
    key: Key,
    index: u64,
    path: f64,
    finder: f32,
    #[lode(json)]
    r#type: u128,
}

pub fn main() {
    let schema = <Schema as lode::Record>::SCHEMA;
    let names: [&str; 5] = ::std::array::from_fn(|i| schema.fields()[i].name);
    assert_eq!(names, ["key", "index", "path", "finder", "type"]);
}
