//! A dataset, its writers and readers.

mod actors;
mod judge;
mod ledger;

use lode::testing::faults::{Call, Faults};
use lode::testing::sim::{World, run, run_seeds};
use tokio::join;

use self::actors::{Writer, keeps, reads};
use self::judge::{clean_up, judge};
use self::ledger::Ledger;
use super::{SEEDS, outages, weather};

/// Two writers with wrong clocks, one who sleeps for days, one who gives up and tries again, one who is
/// killed, and a reader.
async fn writers_and_readers(world: World) -> Vec<Call> {
    let faults = weather(&world);
    let ledger = Ledger::default();
    let writer = |name| Writer::new(&world, &ledger, name);
    join!(
        writer("A").works(3),
        writer("B").works(2),
        writer("sleeper").sleeps(),
        writer("dropper").loses_patience(),
        writer("victim").dies(),
        reads(world.clone(), ledger.clone(), 4, faults == Faults::storm(0.0)),
        outages(world.clone(), faults),
    );
    judge(world.clone(), ledger).await;
    world.calls()
}

/// The same, while snapshots expire, old ones are restored, and somebody cleans up.
async fn with_a_keeper(world: World) -> Vec<Call> {
    let faults = weather(&world);
    let ledger = Ledger::default();
    let writer = |name| Writer::new(&world, &ledger, name);
    join!(
        writer("A").works(4),
        writer("sleeper").sleeps(),
        writer("B").sleeps(),
        writer("victim").dies(),
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
