//~ every snapshot has metadata, and `

fn write(metadata: impl lode::IntoMetadata) {
    let _ = metadata.into_metadata();
}

fn main() {
    write(Some(lode::Metadata::empty()));
}
