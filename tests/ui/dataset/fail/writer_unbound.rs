//~ error: unused `BlobWriter` that must be used

#![deny(unused_must_use)]

use lode::{Blob, Dataset, Store, metadata};

async fn run(store: &Store) -> lode::Result<()> {
    let backups = Dataset::<Blob>::new(store, "backups")?;
    backups.stream_write(metadata! {}).await?;
    Ok(())
}

fn main() {
    let _ = run(&Store::memory());
}
