//! What keeps a store healthy for years: look at it, undo, expire what is old, delete what nobody needs.
//!
//! `cargo run --example keep_it_healthy`

use std::time::Duration;

use lode::{Dataset, Error, Record, Retain, Store, VerifyLevel, Volume, metadata};

#[derive(Debug, Clone, PartialEq, serde::Serialize, serde::Deserialize, Record)]
struct Price {
    item: String,
    cents: u32,
}

fn price(item: &str, cents: u32) -> Price {
    Price { item: item.to_owned(), cents }
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let dir = tempfile::tempdir()?;
    let store = Store::local(dir.path())?;
    let prices = Dataset::<Price>::new(&store, "prices")?;
    for cents in 250..258 {
        prices.write(&[price("tea", cents)], metadata! { "by": "ann" }).await?;
    }

    // Somebody writes nonsense: the content of an earlier snapshot comes back as a new one. Nothing is
    // copied, and nothing is lost.
    let good = prices.latest().await?.ok_or("no snapshot")?;
    let bad = prices.write(&[price("tea", 2)], metadata! { "by": "eve" }).await?;
    let restored = prices
        .restore(good.id(), metadata! { "by": "ann", "undoes": bad.id().to_string() })
        .expect_head(Some(bad.id()))
        .await?;
    assert_eq!(prices.read(&restored).await?, [price("tea", 257)]);

    // The last three snapshots stay, and whatever is younger than an hour; here, that is everything.
    let hour = Duration::from_secs(3600);
    let report = prices.expire(Retain::last(3).or_within(hour)).dry_run().await?;
    println!("{report}");
    assert!(report.expired.is_empty());
    let report = prices.expire(Retain::last(3)).await?;
    println!("{report}");
    let first = prices.snapshot("1".parse()?).await;
    assert!(matches!(first, Err(Error::Expired { .. })));

    // The data of expired snapshots are deleted once they are old enough that nobody reads or commits
    // them any more: after a day, if nothing is said. This program cannot wait for so long.
    let report = prices.gc().dry_run().await?;
    assert!(report.condemned.is_empty());
    tokio::time::sleep(Duration::from_millis(50)).await;
    let report = prices.gc().older_than(Duration::from_millis(20)).await?;
    println!("{report}");
    assert_eq!(report.deleted, 7);

    // Is everything there that should be? In three levels: the manifests, the objects, every byte.
    for level in [VerifyLevel::Chain, VerifyLevel::Objects, VerifyLevel::Content] {
        let report = prices.verify(level).await?;
        println!("{report}");
        assert!(report.is_ok());
    }

    // The same on volumes.
    let staged = Volume::create(&store, "disk", 1 << 20)?.stage_write_at(0, b"boot").await?;
    let disk = staged.commit(metadata! {}).await?;
    drop(disk.stage_write_at(4096, b"never committed").await?);
    tokio::time::sleep(Duration::from_millis(50)).await;
    println!("{}", disk.gc().older_than(Duration::from_millis(20)).await?);

    // Damage is reported, not repaired: here a disk has lost a bit.
    let path = &disk.blocks()[0].path;
    std::fs::write(dir.path().join(path), b"boos")?;
    let report = disk.verify(VerifyLevel::Content).await?;
    println!("{report}");
    assert_eq!(report.problems()[0].path, *path);
    // As data, for a monitor.
    println!("{}", serde_json::to_string(&report)?);
    Ok(())
}
