//! Cases that once went wrong, as the drivers found them.

use super::run;
use super::steps::{Case, Hint, Layout, Settings, Setup, Step, Write};

fn play(layout: Layout, steps: Vec<Step>) {
    let setup = Setup { layout, disk: false, settings: [Settings::default(); 2] };
    run(&Case { setup, steps });
}

/// The id after 2^63 - 1 is none, which made a hint that says so an error.
#[test]
fn the_highest_id_as_a_hint() {
    let hint = || Step::Hint { blobs: false, becomes: Hint::Garbage(3) };
    play(Layout::Default, vec![hint()]);
    play(Layout::Hive, vec![Step::Write(Write::default()), hint(), Step::Write(Write::default())]);
}
