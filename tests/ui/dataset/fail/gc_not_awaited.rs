//~ error: unused `lode::Gc` that must be used

#![deny(unused_must_use)]

use lode::{Blob, Dataset, Store};

async fn run(store: &Store) -> lode::Result<()> {
    let backups = Dataset::<Blob>::new(store, "backups")?;
    backups.gc().dry_run();
    Ok(())
}

fn main() {
    let _ = run(&Store::memory());
}
