//~ error[E0277]: datasets of `FlatLayout` cannot be listed

use lode::{Catalog, FlatLayout, Store};

async fn run(store: &Store) -> lode::Result<()> {
    Catalog::new(store).layout(FlatLayout).datasets().await?;
    Ok(())
}

fn main() {
    let _ = run(&Store::memory());
}
