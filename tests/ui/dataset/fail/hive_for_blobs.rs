//~ error[E0277]: `Blob` has no partition key

use lode::{Blob, Dataset, HiveLayout, Store};

async fn run(store: &Store) -> lode::Result<()> {
    let _backups = Dataset::<Blob>::new(store, "backups")?.layout(HiveLayout);
    Ok(())
}

fn main() {
    let _ = run(&Store::memory());
}
