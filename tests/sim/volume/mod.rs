//! A volume, its writers and readers.

mod actors;
mod judge;
mod ledger;

use lode::testing::faults::{Call, Faults};
use lode::testing::sim::{World, run, run_seeds};
use lode::{Volume, metadata};
use tokio::join;

use self::actors::{Writer, keeps, reads};
use self::judge::{clean_up, judge};
use self::ledger::{LEN, Ledger};
use super::{SEEDS, Told, outages, weather};

/// A volume with one snapshot.
async fn begin(world: &World) -> (Ledger, Faults) {
    let ledger = Ledger::default();
    let new = Volume::create(&world.disk(), "v", LEN).unwrap();
    let staged = new.stage_write_at(0, ledger.plan(0..6)).await.unwrap();
    let n = ledger.begin(world, &staged).await;
    let _ = staged.commit(metadata! { "n": n }).await.unwrap();
    ledger.tell(n, Told::Committed(1));
    let faults = weather(world);
    // A part of a block cannot be verified: who reads parts relies on the transport.
    let calm = faults.clone().altered_reads(0.0);
    world.process("reader").faults().faults(world.seed(), calm);
    (ledger, faults)
}

/// Two writers with wrong clocks, one who sleeps for days, one who is killed, one who goes on with what
/// others have left, and a reader.
async fn writers_and_readers(world: World) -> Vec<Call> {
    let (ledger, faults) = begin(&world).await;
    let writer = |name| Writer::new(&world, &ledger, name);
    join!(
        writer("A").works(3),
        writer("B").works(2),
        writer("sleeper").sleeps(),
        writer("victim").dies(),
        writer("rescuer").rescues(),
        reads(world.clone(), ledger.clone(), 4, faults == Faults::storm(0.0)),
        outages(world.clone(), faults),
    );
    judge(world.clone(), ledger).await;
    world.calls()
}

/// The same, while snapshots expire, old ones are restored, and somebody cleans up.
async fn with_a_keeper(world: World) -> Vec<Call> {
    let (ledger, faults) = begin(&world).await;
    let writer = |name| Writer::new(&world, &ledger, name);
    join!(
        writer("A").works(4),
        writer("sleeper").sleeps(),
        writer("B").sleeps(),
        writer("victim").dies(),
        writer("rescuer").rescues(),
        writer("restorer").restores(2),
        keeps(world.clone(), 6),
        reads(world.clone(), ledger.clone(), 4, faults == Faults::storm(0.0)),
        outages(world.clone(), faults.clone()),
    );
    judge(world.clone(), ledger).await;
    clean_up(world.clone()).await;
    world.calls()
}

#[test]
fn what_is_live_is_never_cleaned_up() {
    run_seeds(0..SEEDS, async |world| drop(with_a_keeper(world).await));
}

#[test]
fn what_is_acknowledged_is_there_for_ever() {
    run_seeds(0..SEEDS, async |world| drop(writers_and_readers(world).await));
}

#[test]
fn a_seed_is_one_schedule() {
    for seed in 0..50 {
        let (first, second) = (run(seed, writers_and_readers), run(seed, writers_and_readers));
        assert!(first.len() > 50 && first == second, "seed {seed} has two schedules");
        assert!(run(seed, with_a_keeper) == run(seed, with_a_keeper), "seed {seed} with a keeper");
    }
}
