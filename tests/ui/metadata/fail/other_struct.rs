//~ every snapshot has metadata, and `Run` is not metadata

#[derive(serde::Serialize)]
struct Run {
    source: String,
}

fn write(metadata: impl lode::IntoMetadata) {
    let _ = metadata.into_metadata();
}

fn main() {
    write(Run { source: "bts".into() });
}
