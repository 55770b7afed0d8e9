//! Any list of operations, on lode and on the reference model: see `../../tests/model`.

use arbitrary::{Arbitrary, Unstructured};

use crate::model::{Case, Setup, Step, run as play};
use crate::steps;

/// How many steps a run has at most.
const STEPS: usize = 24;

pub fn run(data: &[u8]) {
    let mut bytes = Unstructured::new(data);
    let Ok(setup) = Setup::arbitrary(&mut bytes) else { return };
    // The disk is slow, and finds the same.
    let setup = Setup { disk: false, ..setup };
    let mut steps = steps(&mut bytes, STEPS);
    // A second burst shows nothing new, and every step after it looks at some hundred snapshots.
    let mut has_burst = false;
    steps.retain(|step| {
        !matches!(step, Step::Burst { .. }) || !std::mem::replace(&mut has_burst, true)
    });
    play(&Case { setup, steps });
}
