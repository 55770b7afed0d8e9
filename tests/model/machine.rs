//! proptest drives the model.

use proptest::collection::vec;
use proptest::option;
use proptest::prelude::*;

use super::steps::{
    Case, Expect, HANDLES, Hint, Layout, Operation, Settings, Setup, Step, Via, Write,
};
use super::world::run;

fn settings() -> impl Strategy<Value = Settings> {
    (0..5_u8, 0..5_u8, any::<u8>(), prop::bool::weighted(0.2)).prop_map(
        |(compression, checksum, limits, fail_on_conflict)| Settings {
            compression,
            checksum,
            limits,
            fail_on_conflict,
        },
    )
}

fn setup() -> impl Strategy<Value = Setup> {
    let layout = prop_oneof![Just(Layout::Default), Just(Layout::Hive), Just(Layout::Flat)];
    let settings = [settings(), settings()];
    const { assert!(HANDLES == 2) };
    (layout, prop::bool::weighted(0.1), settings).prop_map(|(layout, disk, settings)| Setup {
        layout,
        disk,
        settings,
    })
}

fn write() -> impl Strategy<Value = Write> {
    let operation = prop_oneof![
        2 => Just(Operation::Append),
        1 => Just(Operation::Write),
        1 => Just(Operation::ReplacePartitions),
    ];
    let via = prop_oneof![
        6 => Just(Via::Batch),
        2 => Just(Via::Iterator),
        2 => Just(Via::Stream),
        1 => Just(Via::BrokenStream),
        2 => Just(Via::Writer),
        1 => Just(Via::AbortedWriter),
        1 => Just(Via::DroppedWriter),
    ];
    let expect = prop_oneof![
        6 => Just(Expect::Anything),
        2 => Just(Expect::TheHead),
        1 => any::<u8>().prop_map(Expect::Wrong),
    ];
    let blob = prop::bool::weighted(0.25);
    let wide = prop::bool::weighted(0.06);
    let key = option::weighted(0.25, 0..3_u8);
    (0..HANDLES as u8, blob, operation, via, 0..24_u8, any::<u8>(), wide, expect, key).prop_map(
        |(handle, blob, operation, via, rows, shape, wide, expect, key)| Write {
            handle,
            blob,
            operation,
            via,
            rows,
            shape,
            wide,
            expect,
            key,
        },
    )
}

fn step() -> impl Strategy<Value = Step> {
    let hint = prop_oneof![
        Just(Hint::Lost),
        any::<u8>().prop_map(Hint::Stale),
        (0..20_u8).prop_map(Hint::Ahead),
        any::<u8>().prop_map(Hint::Garbage),
    ];
    prop_oneof![
        120 => write().prop_map(Step::Write),
        40 => (write(), 0..60_u8).prop_map(|(write, polls)| Step::Dropped { write, polls }),
        40 => (write(), write()).prop_map(|(first, second)| Step::Overtaken { first, second }),
        40 => (write(), write(), any::<u64>())
            .prop_map(|(first, second, pauses)| Step::Race { first, second, pauses }),
        1 => any::<u8>().prop_map(|appends| Step::Burst { appends }),
        20 => (0..HANDLES as u8, settings())
            .prop_map(|(handle, settings)| Step::Reopen { handle, settings }),
        30 => (any::<bool>(), hint).prop_map(|(blobs, becomes)| Step::Hint { blobs, becomes }),
    ]
}

fn cases(setup: impl Strategy<Value = Setup>, steps: usize) -> impl Strategy<Value = Case> {
    (setup, vec(step(), 1..=steps)).prop_map(|(setup, steps)| Case { setup, steps })
}

proptest! {
    #![proptest_config(ProptestConfig { max_shrink_iters: 2_000, ..config(64) })]

    #[test]
    fn lode_does_what_the_reference_does(case in cases(setup(), 24)) {
        run(&case);
    }
}

/// So many cases, unless `PROPTEST_CASES` says another number.
fn config(cases: u32) -> ProptestConfig {
    let usual = ProptestConfig { failure_persistence: None, ..ProptestConfig::default() };
    match std::env::var_os("PROPTEST_CASES") {
        Some(_) => usual,
        None => ProptestConfig { cases, ..usual },
    }
}
