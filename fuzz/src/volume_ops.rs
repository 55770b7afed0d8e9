//! Any list of operations, on a volume and on the reference model: see `../../tests/volume/model`.

use arbitrary::{Arbitrary, Unstructured};

use crate::steps;
use crate::volume_model::{Case, Setup, run as play};

/// How many steps a run has at most.
const STEPS: usize = 40;

pub fn run(data: &[u8]) {
    let mut bytes = Unstructured::new(data);
    let Ok(setup) = Setup::arbitrary(&mut bytes) else { return };
    let steps = steps(&mut bytes, STEPS);
    play(&Case { setup, steps });
}
