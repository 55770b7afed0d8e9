//! Any list of operations, on lode and on the reference model: see `../../tests/model`.

use arbitrary::{Arbitrary, Unstructured};

use crate::model::{Case, Setup, Step, Write, run as play};
use crate::steps;

/// How many steps a run has at most.
const STEPS: usize = 24;

pub fn run(data: &[u8]) {
    let mut bytes = Unstructured::new(data);
    let Ok(setup) = Setup::arbitrary(&mut bytes) else { return };
    // The disk is slow, and finds the same.
    let setup = Setup { disk: false, ..setup };
    let mut steps = steps(&mut bytes, STEPS);
    // What takes long is as rare as in the tests. All bursts are long enough to get a key out of reach, and
    // a second one shows nothing new.
    let mut has_burst = false;
    steps.retain_mut(|step| match step {
        Step::Burst { appends } => {
            let is_rare = *appends > 252;
            *appends = 64 + *appends % 6;
            is_rare && !std::mem::replace(&mut has_burst, true)
        }
        _ => true,
    });
    for write in steps.iter_mut().flat_map(writes) {
        write.wide &= write.shape % 16 == 0;
    }
    play(&Case { setup, steps });
}

fn writes(step: &mut Step) -> impl Iterator<Item = &mut Write> {
    let (one, two) = match step {
        Step::Write(write) | Step::Dropped { write, .. } => (Some(write), None),
        Step::Overtaken { first, second } | Step::Race { first, second, .. } => {
            (Some(first), Some(second))
        }
        Step::Burst { .. } | Step::Reopen { .. } | Step::Hint { .. } => (None, None),
    };
    one.into_iter().chain(two)
}
