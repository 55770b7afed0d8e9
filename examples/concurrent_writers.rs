//! Processes that know nothing of each other write to one dataset. Every append lands, in one chain; of
//! replacing writes the slower is told, and decides again.
//!
//! `cargo run --example concurrent_writers`, or on S3:
//! `tests/server/seaweedfs run cargo run --example concurrent_writers`

use std::error::Error;
use std::process::{Child, Command};

use futures::TryStreamExt;
use lode::{Dataset, Record, Store, metadata};

const WRITERS: u32 = 4;
const APPENDS: u32 = 10;

#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize, Record)]
struct Event {
    writer: u32,
    number: u32,
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let args: Vec<String> = std::env::args().collect();
    match &args[1..] {
        [store, writer] => write(store, writer.parse()?).await,
        _ => watch().await,
    }
}

fn events(store: &str) -> lode::Result<Dataset<Event>> {
    let store = Store::open(store)?;
    // Checked by `watch`: it need not be for each process.
    store.assume_create_only();
    Dataset::new(&store, "events")
}

/// One writer. If another was first, its append is built upon the other's by itself.
async fn write(store: &str, writer: u32) -> Result<(), Box<dyn Error>> {
    let events = events(store)?;
    for number in 0..APPENDS {
        let event = [Event { writer, number }];
        // Should this process be killed and started again, the key finds what it has committed.
        let key = format!("{writer}-{number}");
        events.append(&event, metadata! { "writer": writer }).idempotency_key(key).await?;
    }
    Ok(())
}

async fn watch() -> Result<(), Box<dyn Error>> {
    let dir = tempfile::tempdir()?;
    let store = match std::env::var("LODE_TEST_S3") {
        Ok(url) => format!("{url}/example-{}", std::process::id()),
        Err(_) => format!("file://{}", dir.path().display()),
    };
    let report = Store::open(&store)?.check().await;
    if !report.is_ok() {
        return Err(report.to_string().into());
    }
    let start = |writer: u32| {
        Command::new(std::env::current_exe()?).arg(&store).arg(writer.to_string()).spawn()
    };
    let writers = (0..WRITERS).map(start).collect::<Result<Vec<Child>, _>>()?;

    // Readers see whole snapshots, each with one event more than the one before.
    let events = events(&store)?;
    for mut writer in writers {
        if let Some(newest) = events.latest().await? {
            assert_eq!(events.read(&newest).await?.len() as u64, newest.id().get());
            println!("meanwhile: snapshot {}", newest.id());
        }
        assert!(writer.wait()?.success());
    }
    let chain: Vec<_> = events.history().try_collect().await?;
    assert_eq!(chain.len() as u32, WRITERS * APPENDS);
    println!("{} appends by {WRITERS} processes: {} snapshots", WRITERS * APPENDS, chain.len());
    let turns = chain.windows(2).filter(|two| two[0].metadata() != two[1].metadata());
    println!("the writer changed {} times", turns.count());

    // A write that replaces everything is never built upon another's: it would undo it.
    let read = events.latest().await?.ok_or("nothing was written")?;
    events.append(&[Event { writer: 9, number: 0 }], metadata! { "writer": 9 }).await?;
    let summary = [Event { writer: 0, number: read.row_count() as u32 }];
    let write = events.write(&summary, metadata! {}).expect_head(Some(read.id()));
    let conflict = write.await.expect_err("it was computed from an older snapshot");
    assert!(conflict.is_conflict());
    println!("a write on what it had read: {conflict}");
    Ok(())
}
