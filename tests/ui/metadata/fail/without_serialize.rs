//~ the trait bound `Run: serde::Serialize` is not satisfied

#[derive(lode::Metadata)]
struct Run {
    source: String,
}

fn write(metadata: impl lode::IntoMetadata) {
    let _ = metadata.into_metadata();
}

fn main() {
    write(Run { source: "bts".into() });
}
