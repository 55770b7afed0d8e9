//! Any list of operations, on lode and on the reference model: see `../../tests/model`.

use arbitrary::{Arbitrary, Unstructured};

use crate::model::{Case, Setup, run as play};
use crate::steps;

/// How many steps a run has at most.
const STEPS: usize = 24;

pub fn run(data: &[u8]) {
    let mut bytes = Unstructured::new(data);
    let Ok(setup) = Setup::arbitrary(&mut bytes) else { return };
    // The disk is slow, and finds the same.
    let setup = Setup { disk: false, ..setup };
    let steps = steps(&mut bytes, STEPS);
    play(&Case { setup, steps });
}
