//~ metadata is a struct

#[derive(serde::Serialize, lode::Metadata)]
enum Run {
    First,
}

fn write(metadata: impl lode::IntoMetadata) {
    let _ = metadata.into_metadata();
}

fn main() {
    write(Run::First);
}
