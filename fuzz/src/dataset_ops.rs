//! Any list of operations, on lode and on the reference model: see `../../tests/model`.

use arbitrary::{Arbitrary, Unstructured};

use crate::model::{Case, run as play};

/// How many steps a run has at most.
const STEPS: usize = 24;

pub fn run(data: &[u8]) {
    let Ok(mut case) = Case::arbitrary(&mut Unstructured::new(data)) else { return };
    case.steps.truncate(STEPS);
    // The disk is slow, and finds the same.
    case.setup.disk = false;
    play(&case);
}
