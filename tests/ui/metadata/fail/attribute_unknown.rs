//~ `timestamp` belongs on a field of a record

#[derive(serde::Serialize, lode::Metadata)]
#[lode(timestamp)]
struct Run {
    source: String,
}

fn write(metadata: impl lode::IntoMetadata) {
    let _ = metadata.into_metadata();
}

fn main() {
    write(Run { source: "bts".into() });
}
