//~ the trait bound `Flight: serde::Serialize` is not satisfied
//~ the trait bound `Flight: serde::Deserialize<'de>` is not satisfied


#[derive(lode::Record)]
struct Flight {
    carrier: String,
}

fn store<T: lode::Record>() {}

fn main() {
    store::<Flight>();
}
