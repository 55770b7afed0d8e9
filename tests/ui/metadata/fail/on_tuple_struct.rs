//~ metadata has named fields

#[derive(serde::Serialize, lode::Metadata)]
struct Run(String);

fn write(metadata: impl lode::IntoMetadata) {
    let _ = metadata.into_metadata();
}

fn main() {
    write(Run("bts".into()));
}
