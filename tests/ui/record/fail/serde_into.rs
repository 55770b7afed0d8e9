//~ `#[serde(into)]` would store something else than this type

use serde::{Deserialize, Serialize};

#[derive(Clone, Serialize, Deserialize, lode::Record)]
#[serde(into = "String")]
struct Flight {
    carrier: String,
}

impl From<Flight> for String {
    fn from(flight: Flight) -> String {
        flight.carrier
    }
}

fn store<T: lode::Record>() {}

fn main() {
    store::<Flight>();
}
