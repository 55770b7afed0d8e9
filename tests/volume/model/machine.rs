//! proptest drives the model.

use proptest::collection::vec;
use proptest::option;
use proptest::prelude::*;

use super::steps::{Call, Case, Failure, Opens, Put, SLOTS, Settings, Setup, Step, Under};
use super::world::run;

fn settings() -> impl Strategy<Value = Settings> {
    (prop::bool::weighted(0.15), any::<u8>(), any::<u8>()).prop_map(
        |(fail_on_conflict, block_bytes, blocks_in_flight)| Settings {
            fail_on_conflict,
            block_bytes,
            blocks_in_flight,
        },
    )
}

fn setup() -> impl Strategy<Value = Setup> {
    const { assert!(SLOTS == 3) };
    (any::<u8>(), [settings(), settings(), settings()])
        .prop_map(|(length, settings)| Setup { length, settings })
}

fn put() -> impl Strategy<Value = Put> {
    let offset = prop_oneof![30 => 0..140_u8, 1 => any::<u8>(), 1 => Just(255)];
    let length = prop_oneof![12 => 1..16_u8, 4 => 1..32_u8, 1 => Just(0)];
    (offset, length, prop::bool::weighted(0.4), 0..9_u8)
        .prop_map(|(offset, length, overwrite, seed)| Put { offset, length, overwrite, seed })
}

fn call() -> impl Strategy<Value = Call> {
    prop_oneof![
        10 => put().prop_map(Call::Stage),
        4 => vec(put(), 1..5).prop_map(Call::Many),
        4 => (put(), prop::bool::weighted(0.2), any::<bool>(), any::<u8>())
            .prop_map(|(put, fails, as_reader, chunk)| Call::Stream {
                put: Put { overwrite: false, ..put },
                fails,
                as_reader,
                chunk,
            }),
        3 => put().prop_map(Call::Apart),
        5 => (any::<u8>(), any::<bool>())
            .prop_map(|(which, verified)| Call::Accept { which, verified }),
        7 => (any::<u8>(), option::weighted(0.4, any::<u8>()), any::<bool>()).prop_map(
            |(which, choose, verified)| Call::Resume { which, choose, verified }
        ),
        16 => Just(Call::Commit),
    ]
}

fn under() -> impl Strategy<Value = Under> {
    let fault = prop_oneof![
        2 => Just(Failure::Before),
        2 => Just(Failure::After),
        1 => (0..8_u8).prop_map(Failure::Late),
        1 => Just(Failure::Down),
        1 => Just(Failure::DownAfter),
    ];
    prop_oneof![
        10 => Just(Under::Nothing),
        3 => (0..12_u8, fault).prop_map(|(nth, fault)| Under::Fault { nth, fault }),
        2 => (0..24_u8).prop_map(|polls| Under::Dropped { polls }),
    ]
}

fn step() -> impl Strategy<Value = Step> {
    let slot = || 0..SLOTS as u8;
    let opens = prop_oneof![
        1 => prop::bool::weighted(0.3).prop_map(|other_length| Opens::New { other_length }),
        5 => Just(Opens::Latest),
        3 => any::<u8>().prop_map(Opens::At),
    ];
    prop_oneof![
        40 => (slot(), call(), under())
            .prop_map(|(slot, call, under)| Step::Call { slot, call, under }),
        3 => (slot(), 0..140_u8, 0..40_u8)
            .prop_map(|(slot, offset, length)| Step::Discard { slot, offset, length }),
        2 => slot().prop_map(|slot| Step::Drop { slot }),
        7 => (slot(), opens).prop_map(|(slot, opens)| Step::Reopen { slot, opens }),
        4 => (slot(), slot()).prop_map(|(first, second)| Step::Overtaken { first, second }),
        4 => (slot(), slot(), any::<u64>())
            .prop_map(|(first, second, pauses)| Step::Race { first, second, pauses }),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig { max_shrink_iters: 4_000, ..config(160) })]

    #[test]
    fn lode_does_what_the_reference_does(
        setup in setup(),
        steps in vec(step(), 1..=60),
    ) {
        run(&Case { setup, steps });
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
