//~ error[E0600]: cannot apply unary operator `-` to type `u64`

use lode::{Store, Volume};

async fn run(store: &Store) -> lode::Result<()> {
    let _volume = Volume::create(store, "disk", -4096)?;
    Ok(())
}

fn main() {
    let _ = run(&Store::memory());
}
