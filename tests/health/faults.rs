//! Every store call of `expire`, `gc` and `restore` fails, in every way: nothing live is lost, and the
//! same call, made again, ends what was begun.

use std::collections::BTreeSet;

use futures::{StreamExt, TryStreamExt};
use lode::{Committed, Dataset, Error, Retain, Volume, metadata};

use super::{World, blocks, files, id, vid};
use crate::support::ambient::uuid;
use crate::support::rows::numbers as rows_of;
use crate::support::script::{Faults, Rule};
use crate::support::{Fault, Row, put, rows, settle};

/// What is done while calls fail.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Step {
    Expire,
    Gc,
    Restore,
}

use Step::*;

/// Old objects of every kind: a head, a live snapshot, two to expire or that have expired, and
/// objects of killed writes.
async fn world(step: Step, is_volume: bool) -> World {
    let world = World::new();
    if is_volume {
        let mut volume = Volume::create(&world.other(), "d", 1000)
            .unwrap()
            .stage_write_at(0, b"0000")
            .await
            .unwrap()
            .commit(metadata! {})
            .await
            .unwrap();
        for n in 1..4 {
            let staged = volume.stage_overwrite_at(2 * n, vec![n as u8; 4]).await.unwrap();
            volume = staged.commit(metadata! {}).await.unwrap();
        }
        let _killed = volume.stage_write_at(100, b"left").await.unwrap();
        let _killed = volume.stage_overwrite_at(0, b"over").await.unwrap();
        if step == Gc {
            volume.expire(Retain::last(2)).await.unwrap();
        }
    } else {
        let dataset = Dataset::<Row>::new(&world.other(), "d").unwrap();
        for n in 0..3 {
            dataset.write(&rows(10 * n..10 * n + 5), metadata! {}).await.unwrap();
        }
        dataset.append(&rows(40..42), metadata! {}).await.unwrap();
        for number in 1..3 {
            let key = format!("datasets/d/data/{}/00000.jsonl", uuid(number).simple());
            put(world.inner(), &key, "left over").await;
        }
        if step == Gc {
            dataset.expire(Retain::last(2)).await.unwrap();
        }
    }
    world.pass(48);
    world
}

/// A step, by a new handle.
async fn run(world: &World, step: Step, is_volume: bool) -> Result<(), Error> {
    let store = world.store();
    if is_volume {
        let volume = Volume::open(&store, "d").await?;
        match step {
            Expire => volume.expire(Retain::last(2)).await.map(drop),
            Gc => volume.gc().await.map(drop),
            Restore => volume.restore(vid(2), metadata! {}).idempotency_key("k").await.map(drop),
        }
    } else {
        let dataset = Dataset::<Row>::new(&store, "d")?;
        match step {
            Expire => dataset.expire(Retain::last(2)).await.map(drop),
            Gc => dataset.gc().await.map(drop),
            Restore => dataset.restore(id(2), metadata! {}).idempotency_key("k").await.map(drop),
        }
    }
}

/// The live snapshots, each read whole: their number, and what they name.
async fn live(world: &World, is_volume: bool) -> (usize, BTreeSet<String>) {
    let mut named = BTreeSet::new();
    let store = world.other();
    let count;
    if is_volume {
        let volume = Volume::open(&store, "d").await.unwrap();
        let live: Vec<Volume<Committed>> = volume.history().try_collect().await.unwrap();
        count = live.len();
        for volume in live {
            for range in volume.coverage() {
                volume.read_at(range).await.unwrap();
            }
            named.extend(blocks(&volume));
        }
    } else {
        let dataset = Dataset::<Row>::new(&store, "d").unwrap();
        let live: Vec<_> = dataset.history().try_collect().await.unwrap();
        count = live.len();
        for snapshot in &live {
            rows_of(&dataset, snapshot).await.unwrap();
            named.extend(files(snapshot));
        }
    }
    (count, named)
}

#[tokio::test(start_paused = true)]
async fn every_call_fails_in_every_way_and_the_rerun_ends_it() {
    for is_volume in [false, true] {
        for step in [Expire, Gc, Restore] {
            let undisturbed = world(step, is_volume).await;
            run(&undisturbed, step, is_volume).await.unwrap();
            let calls = undisturbed.faulty.calls().len();
            let goal = live(&undisturbed, is_volume).await;
            let left = undisturbed.data().await.len();
            assert!(calls > 4, "{step:?}");

            let runs = (1..=calls).flat_map(|n| {
                // Stores replace a whole object or leave it: half a manifest is none of their faults.
                [Fault::Before, Fault::After, Fault::Late(1), Fault::Late(9)]
                    .map(|fault| (n, fault))
            });
            let (goal, left) = (&goal, &left);
            let checks = futures::stream::iter(runs).for_each(|(n, fault)| async move {
                let what = format!("{step:?}, call {n}, {fault:?}, volume: {is_volume}");
                let world = world(step, is_volume).await;
                let before = live(&world, is_volume).await;
                world.faulty.rule(Rule::nth(n, fault));
                let failed = run(&world, step, is_volume).await;
                let lived = live(&world, is_volume).await;
                if step == Gc {
                    assert_eq!(lived.1, before.1, "{what}");
                }
                world.faulty.heal();
                settle().await;
                world.faulty.land().await;
                if let Err(error) = &failed {
                    assert!(
                        matches!(error, Error::Storage { .. } | Error::CommitUnknown { .. }),
                        "{what}: {error}"
                    );
                }
                run(&world, step, is_volume).await.unwrap_or_else(|e| panic!("{what}: {e}"));
                run(&world, step, is_volume).await.unwrap_or_else(|e| panic!("{what}: {e}"));
                let after = live(&world, is_volume).await;
                // A clean-up that was interrupted after its commit has made one more.
                let more = if step == Gc { after.0 - goal.0 } else { 0 };
                assert!(more <= 1, "{what}");
                assert_eq!(after.0, goal.0 + more, "{what}");
                assert_eq!(after.1.len(), goal.1.len(), "{what}");
                assert_eq!(world.data().await.len(), *left, "{what}");
            });
            checks.await;
        }
    }
}

/// Everything fails by chance, for long.
#[tokio::test(start_paused = true)]
async fn a_storm_loses_nothing() {
    let storm = Faults::none().before(0.1).after(0.06).partway(0.03).late(0.06);
    for seed in 0..40 {
        let is_volume = seed % 2 == 1;
        let world = world(Gc, is_volume).await;
        let before = live(&world, is_volume).await;
        for _ in 0..4 {
            world.faulty.faults(seed, storm.clone());
            let _ = run(&world, Gc, is_volume).await;
            world.faulty.heal();
            settle().await;
            world.faulty.land().await;
            assert_eq!(live(&world, is_volume).await.1, before.1, "seed {seed}");
        }
        run(&world, Gc, is_volume).await.unwrap();
        assert_eq!(world.data().await, before.1, "seed {seed}");
    }
}
