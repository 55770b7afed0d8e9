use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use chrono::TimeDelta;
use object_store::ObjectStoreExt;
use object_store::path::Path;
use tokio::time::sleep;

use super::*;
use crate::ambient::{Clock, Ids};
use crate::testing::faults::{Call, Faults};

const DAY: Duration = Duration::from_secs(24 * 3600);

static SLOWNESS: AtomicU64 = AtomicU64::new(0);

/// Some tasks, some of whose work is done by blocking threads, as fast or slow as those are.
async fn busy(world: World) -> Vec<Call> {
    world.faults(Faults::storm(0.3));
    let work = (0..4_u64).map(|n| {
        let process = world.process(&format!("process {}", n % 3));
        let random = world.random(&format!("task {n}"));
        tokio::spawn(async move {
            let mut random = random;
            for step in 0..6 {
                // Never the same twice.
                let micros = SLOWNESS.fetch_add(37, Ordering::Relaxed) % 300;
                let hashed = tokio::task::spawn_blocking(move || {
                    std::thread::sleep(Duration::from_micros(micros));
                    n * 10 + step
                });
                let path = Path::from(format!("{}", hashed.await.unwrap() % 17));
                let store = process.faults();
                if random.chance(0.5) {
                    let _ = store.put(&path, format!("{n} {step}").into()).await;
                } else {
                    let _ = store.get(&path).await;
                }
            }
        })
    });
    for task in work.collect::<Vec<_>>() {
        task.await.unwrap();
    }
    world.calls()
}

#[test]
fn a_seed_is_a_schedule() {
    let mut different = 0;
    for seed in 0..20 {
        let first = run(seed, busy);
        assert_eq!(first, run(seed, busy), "seed {seed}");
        different += usize::from(first != run(seed + 1000, busy));
    }
    assert_eq!(different, 20);
}

#[test]
fn days_pass_in_no_time_and_clocks_can_be_wrong() {
    run(1, async |world| {
        let (right, wrong) = (world.process("right"), world.process("wrong"));
        wrong.clock().skew(TimeDelta::days(-2));
        let before = right.clock().now();
        sleep(3 * DAY).await;
        assert_eq!(right.clock().now() - before, TimeDelta::days(3));
        assert_eq!(wrong.clock().now() - before, TimeDelta::days(1));

        let path = Path::from("a");
        wrong.faults().put(&path, "x".into()).await.unwrap();
        let meta = world.process("right").faults().head(&path).await.unwrap();
        let age = right.clock().now() - meta.last_modified;
        assert!(age < TimeDelta::minutes(1), "objects have the store's time: {age}");
    });
}

#[test]
fn ids_are_of_the_time_and_differ_between_processes() {
    let ids = |seed| {
        run(seed, async |world| {
            let mut ids = Vec::new();
            for name in ["a", "b", "a"] {
                ids.push(world.process(name).store().fresh_id());
                sleep(DAY).await;
            }
            ids
        })
    };
    let some = ids(5);
    assert_eq!(some, ids(5));
    let all: std::collections::BTreeSet<_> = some.iter().chain(&ids(6)).copied().collect();
    assert_eq!(all.len(), 6);
    assert!(some.windows(2).all(|pair| pair[0] < pair[1]), "later ones are greater");
    let clock = SimClock::starting_at("1960-01-01T00:00:00Z".parse().unwrap());
    assert_eq!(SimIds::new(1, clock).next().get_version_num(), 7);
}

#[test]
fn a_failure_is_passed_on_and_so_is_a_scenario_that_never_ends() {
    let panics = |scenario: &dyn Fn()| {
        let panic = catch_unwind(AssertUnwindSafe(scenario)).unwrap_err();
        match panic.downcast::<String>() {
            Ok(text) => *text,
            Err(panic) => (*panic.downcast::<&str>().unwrap()).to_owned(),
        }
    };
    let failed = panics(&|| {
        run_seeds(3..9, async |world| assert!(world.seed() < 5, "seed {}", world.seed()));
    });
    assert_eq!(failed, "seed 5");
    let waits = panics(&|| run(1, async |_| std::future::pending::<()>().await));
    assert!(waits.contains("not ended"), "{waits}");
}

#[test]
fn a_schedule_has_calls_and_notes_in_their_order() {
    run(1, async |world| {
        let process = world.process("writer");
        world.note("it begins");
        process.faults().put(&Path::from("a"), "x".into()).await.unwrap();
        world.note("it is over");
        let schedule = world.schedule();
        let lines: Vec<_> = schedule.lines().collect();
        let [first, call, last] = lines[..] else { panic!("{schedule}") };
        assert!(first.ends_with("# it begins") && last.ends_with("# it is over"), "{schedule}");
        assert!(call.contains("writer") && call.ends_with("Put      a  -> done"), "{schedule}");
    });
}
