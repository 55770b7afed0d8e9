//! Any list of operations, on a volume and on the reference model: see `../../tests/volume/model`.

use arbitrary::{Arbitrary, Unstructured};

use crate::volume_model::{Case, run as play};

/// How many steps a run has at most.
const STEPS: usize = 40;

pub fn run(data: &[u8]) {
    let Ok(mut case) = Case::arbitrary(&mut Unstructured::new(data)) else { return };
    case.steps.truncate(STEPS);
    play(&case);
}
