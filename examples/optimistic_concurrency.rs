//! Read, compute, write, without a lock: what is written is bound to the snapshot that it was computed
//! from. If somebody else was faster, that is an error, and the computation is done again. No update is
//! lost.
//!
//! `cargo run --example optimistic_concurrency`

use std::collections::BTreeMap;

use lode::{Dataset, Error, Record, Snapshot, Store, metadata};

#[derive(Debug, Clone, PartialEq, serde::Serialize, serde::Deserialize, Record)]
struct Account {
    owner: String,
    cents: i64,
}

fn account(owner: &str, cents: i64) -> Account {
    Account { owner: owner.to_owned(), cents }
}

/// Moves money, on whichever is the newest snapshot. How often it had to be computed again.
async fn transfer(
    accounts: &Dataset<Account>,
    from: &str,
    to: &str,
    cents: i64,
) -> Result<u32, Error> {
    let mut again = 0;
    loop {
        let head = accounts.latest().await?.expect("the accounts were opened");
        let mut all = accounts.read(&head).await?;
        for account in &mut all {
            if account.owner == from {
                account.cents -= cents;
            } else if account.owner == to {
                account.cents += cents;
            }
        }
        let written = accounts
            .write(&all, metadata! { "from": from, "to": to, "cents": cents })
            .expect_head(Some(head.id()))
            .await;
        match written {
            Ok(_) => return Ok(again),
            // Somebody else committed since we read: look at what they wrote, and decide again.
            Err(error) if error.is_conflict() => again += 1,
            Err(error) => return Err(error),
        }
    }
}

/// All balances, by owner.
async fn balances(
    accounts: &Dataset<Account>,
    snapshot: &Snapshot<Account>,
) -> Result<BTreeMap<String, i64>, Error> {
    let all = accounts.read(snapshot).await?;
    Ok(all.into_iter().map(|account| (account.owner, account.cents)).collect())
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    const TASKS: i64 = 6;
    const TRANSFERS: i64 = 5;
    let dir = tempfile::tempdir()?;
    let store = Store::local(dir.path())?;
    let accounts = Dataset::<Account>::new(&store, "accounts")?;
    let opening = [account("ann", 10_000), account("ben", 10_000), account("eve", 0)];
    let first = accounts.write(&opening, metadata! {}).expect_head(None).await?;

    // A conflict, seen from near: two who read the same snapshot.
    let ann = accounts.begin(metadata! { "by": "ann" }).on(&first).await?;
    let ben = accounts.begin(metadata! { "by": "ben" }).on(&first).await?;
    ann.write(&[account("ann", 9_000), account("ben", 10_000), account("eve", 1_000)]).await?;
    ben.write(&[account("ann", 10_000), account("ben", 9_000), account("eve", 1_000)]).await?;
    let second = ann.commit().await?;
    match ben.commit().await {
        // Had it been committed, the thousand that Ann gave would be gone.
        Err(error @ Error::Conflict { .. }) => println!("as it should be: {error}"),
        other => panic!("expected a conflict, got {other:?}"),
    }
    assert_eq!(accounts.latest().await?, Some(second));

    // Resolved: read what is there now, compute again. Many tasks do so at once.
    transfer(&accounts, "ben", "eve", 1_000).await?;
    let tasks = (0..TASKS).map(|task| {
        let accounts = Dataset::<Account>::new(&store, "accounts").expect("a valid id");
        tokio::spawn(async move {
            let (from, to) = if task % 2 == 0 { ("ann", "eve") } else { ("eve", "ben") };
            let mut conflicts = 0;
            for _ in 0..TRANSFERS {
                conflicts += transfer(&accounts, from, to, 100).await?;
            }
            Ok::<_, Error>(conflicts)
        })
    });
    let mut conflicts = 0;
    for task in tasks.collect::<Vec<_>>() {
        conflicts += task.await??;
    }

    let head = accounts.latest().await?.expect("there are snapshots");
    let found = balances(&accounts, &head).await?;
    println!("{TASKS} tasks, {} transfers, {conflicts} conflicts: {found:?}", TASKS * TRANSFERS);
    let moved = TASKS / 2 * TRANSFERS * 100;
    assert_eq!(found["ann"], 9_000 - moved);
    assert_eq!(found["ben"], 9_000 + moved);
    assert_eq!(found["eve"], 2_000);
    // One snapshot for each transfer, and each has its story in its metadata.
    assert_eq!(head.id().get() as i64, 3 + TASKS * TRANSFERS);
    assert_eq!(head.metadata().get("cents").and_then(serde_json::Value::as_i64), Some(100));
    Ok(())
}
