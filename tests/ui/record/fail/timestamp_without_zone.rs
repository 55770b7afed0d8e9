//~ does not hold a time

use serde::{Deserialize, Serialize};

#[derive(Serialize, Deserialize, lode::Record)]
struct Flight {
    #[lode(timestamp)]
    time: Option<chrono::NaiveDateTime>,
}

fn store<T: lode::Record>() {}

fn main() {
    store::<Flight>();
}
