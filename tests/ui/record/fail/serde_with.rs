//~ `with` may store another type than the field's: add `#[lode(json)]`

use serde::{Deserialize, Serialize};

#[derive(Serialize, Deserialize, lode::Record)]
struct Flight {
    #[serde(with = "chrono::serde::ts_seconds")]
    time: chrono::DateTime<chrono::Utc>,
}

fn store<T: lode::Record>() {}

fn main() {
    store::<Flight>();
}
