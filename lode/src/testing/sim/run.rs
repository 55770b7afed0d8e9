//! Runs a scenario, once or for many seeds.

use std::ops::Range;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::time::Duration;

use super::world::World;

/// The longest that a scenario lasts, in simulated time.
const A_YEAR: Duration = Duration::from_secs(366 * 24 * 3600);

/// Runs `scenario` in a world of this seed, to its end: in this thread, in simulated time, repeatable.
///
/// Background tasks that are left then are dropped. See the [module](super) for what a scenario is.
///
/// # Panics
/// If the scenario does: then the schedule goes to standard error first. If it does not end within a year of
/// simulated time: then what it waits for does not come.
#[track_caller]
pub fn run<T>(seed: u64, scenario: impl AsyncFnOnce(World) -> T) -> T {
    let (result, world) = attempt(seed, scenario);
    result.unwrap_or_else(|panic| {
        eprintln!("\nThe schedule of seed {seed}:\n{}", world.schedule());
        resume_unwind(panic)
    })
}

/// Runs `scenario` for each of these seeds, up to the first that fails.
///
/// `LODE_SIM_SEED=17` in the environment runs that seed only, and `LODE_SIM_SEEDS=100000` as many, from the first
/// on. Which seed failed, its schedule, and how to run it again go to standard error.
///
/// ```
/// use std::time::Duration;
///
/// use lode::testing::faults::Faults;
/// use lode::testing::sim;
/// use lode::{Blob, Dataset, metadata};
///
/// sim::run_seeds(0..20, async |world| {
///     world.faults(Faults::none().resent(0.5).slow(0.2, Duration::from_secs(5)));
///     let reports = Dataset::<Blob>::new(world.process("writer").store(), "reports").unwrap();
///     reports.write(b"first", metadata! {}).await.unwrap();
///     world.heal();
///     assert_eq!(reports.snapshots().await.unwrap().len(), 1);
/// });
/// ```
///
/// # Panics
/// As [`run`], or if a variable is not a number.
#[track_caller]
#[allow(clippy::panic)] // A test that is not run as it was asked for must not pass.
pub fn run_seeds(seeds: Range<u64>, scenario: impl AsyncFn(World)) {
    let number = |name: &str| match std::env::var(name) {
        Err(_) => None,
        Ok(text) => match text.parse::<u64>() {
            Ok(number) => Some(number),
            Err(error) => panic!("{name} is {text:?}: {error}"),
        },
    };
    let seeds = match (number("LODE_SIM_SEED"), number("LODE_SIM_SEEDS")) {
        (Some(seed), _) => seed..seed.saturating_add(1),
        (None, Some(count)) => seeds.start..seeds.start.saturating_add(count),
        (None, None) => seeds,
    };
    for seed in seeds {
        let (result, world) = attempt(seed, &scenario);
        if let Err(panic) = result {
            let thread = std::thread::current();
            let test = thread.name().filter(|name| *name != "main").unwrap_or_default();
            eprintln!("\nThe schedule of seed {seed}:\n{}", world.schedule());
            eprintln!("Seed {seed} failed. Run it again: LODE_SIM_SEED={seed} cargo test {test}");
            resume_unwind(panic);
        }
    }
}

/// What a run gave, or its panic, and the world afterwards.
#[allow(clippy::panic)] // This is what an assertion does.
fn attempt<T>(
    seed: u64,
    scenario: impl AsyncFnOnce(World) -> T,
) -> (std::thread::Result<T>, World) {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_time()
        .start_paused(true)
        .build()
        .unwrap_or_else(|error| panic!("no runtime: {error}"));
    let world = runtime.block_on(async { World::new(seed) });
    let scenario = scenario(world.clone());
    let result = catch_unwind(AssertUnwindSafe(|| {
        let within = async { tokio::time::timeout(A_YEAR, scenario).await };
        runtime
            .block_on(within)
            .unwrap_or_else(|_| panic!("the scenario has not ended after a year of simulated time"))
    }));
    (result, world)
}
