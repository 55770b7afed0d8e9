//! Every snapshot stays what it was: go back by id or by time, see what was added, undo.
//!
//! `cargo run --example time_travel`

use futures::TryStreamExt;
use lode::{Dataset, Record, Store, metadata};

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

    let good = prices.write(&[price("tea", 250)], metadata! { "by": "ann" }).await?;
    let more = prices.append(&[price("coffee", 300)], metadata! { "by": "ben" }).await?;
    let bad = prices.write(&[price("tea", 2)], metadata! { "by": "eve" }).await?;

    // By id, by time, all of them.
    assert_eq!(prices.snapshot(good.id()).await?, good);
    assert_eq!(prices.as_of(more.created_at()).await?, Some(more.clone()));
    let history: Vec<_> = prices.history().try_collect().await?;
    for snapshot in &history {
        println!(
            "snapshot {} at {} by {}",
            snapshot.id(),
            snapshot.created_at(),
            snapshot.metadata()
        );
    }
    assert_eq!(history, [bad.clone(), more.clone(), good.clone()]);
    assert_eq!(prices.read(&good).await?, [price("tea", 250)]);

    // What the second snapshot added to the first.
    let added = prices.read(&more).added_since(&good).await?;
    assert_eq!(added, [price("coffee", 300)]);

    // Undo: write the old records again, if nobody has committed since we looked. Nothing is lost:
    // the bad snapshot can still be read.
    let old = prices.read(&more).await?;
    let undone = prices
        .write(&old, metadata! { "by": "ann", "undoes": bad.id().to_string() })
        .expect_head(Some(bad.id()))
        .await?;
    assert_eq!(prices.read(&undone).await?, [price("tea", 250), price("coffee", 300)]);
    assert_eq!(prices.read(&bad).await?, [price("tea", 2)]);

    // Someone else who also expected the bad one to be the head is told.
    let late = prices.write(&old, metadata! {}).expect_head(Some(bad.id())).await;
    match late {
        Err(error) if error.is_conflict() => println!("as it should be: {error}"),
        other => panic!("expected a conflict, got {other:?}"),
    }
    Ok(())
}
