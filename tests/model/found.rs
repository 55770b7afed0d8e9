//! Cases that once went wrong, as the drivers found them, and some that chance seldom makes.

use super::run;
use super::steps::{Case, Expect, Hint, Layout, Operation, Settings, Setup, Step, Via, Write};

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

/// A key is found on the 64th snapshot from the head on, and not on the 65th.
#[test]
fn the_window_of_idempotency_keys() {
    let once = || Step::Write(Write { key: Some(1), ..Write::default() });
    for appends in [63, 64] {
        play(Layout::Default, vec![once(), Step::Burst { appends }, once(), once()]);
    }
}

/// Of two calls with one key that are made at once, one commits and both return it.
#[test]
fn one_key_twice_at_once() {
    let write = |handle| Write { handle, key: Some(1), rows: 9, ..Write::default() };
    for pauses in 0..20 {
        let race = Step::Race { first: write(0), second: write(1), pauses };
        let overtaken = Step::Overtaken { first: write(1), second: write(0) };
        play(Layout::Flat, vec![Step::Write(Write::default()), race]);
        play(Layout::Flat, vec![overtaken]);
    }
}

/// Every way to write, dropped after each number of polls.
#[test]
fn futures_dropped_anywhere() {
    for via in [Via::Batch, Via::Stream, Via::Writer, Via::AbortedWriter] {
        for blob in [false, true] {
            let write =
                |operation| Write { operation, via, blob, rows: 4, shape: 200, ..Write::default() };
            let mut steps = vec![Step::Write(write(Operation::Write))];
            for polls in 0..24 {
                steps.push(Step::Dropped { write: write(Operation::Append), polls });
            }
            steps.push(Step::Write(write(Operation::ReplacePartitions)));
            play(Layout::Hive, steps);
        }
    }
}

/// Data that fills chunks, parts and files, in as many partitions as there are.
#[test]
fn wide_rows_with_every_limit() {
    for limits in (0..=255).step_by(40) {
        let settings =
            Settings { limits, compression: limits, checksum: limits, ..Settings::default() };
        let write = |via| {
            let expect = Expect::TheHead;
            Step::Write(Write {
                via,
                wide: true,
                rows: 23,
                shape: limits,
                expect,
                ..Write::default()
            })
        };
        let steps = vec![
            Step::Reopen { handle: 0, settings },
            write(Via::Batch),
            write(Via::Iterator),
            write(Via::BrokenStream),
            write(Via::AbortedWriter),
        ];
        play(Layout::Hive, steps);
    }
}
