//~ the types of a record's fields are nested more than 32 deep

use serde::{Deserialize, Serialize};

type Deep<T> = Vec<Vec<Vec<Vec<Vec<Vec<Vec<Vec<T>>>>>>>>;

#[derive(Serialize, Deserialize, lode::Record)]
struct Flight {
    number: Deep<Deep<Deep<Deep<u32>>>>,
}

fn main() {}
