//! What the case beside this one gets wrong, done right.

use lode::Store;

pub fn main() -> lode::Result<()> {
    let store = Store::builder("memory:///team").env().open()?;
    store.assume_create_only();
    Ok(())
}
