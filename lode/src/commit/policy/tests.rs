use super::*;

#[test]
fn delays_double_up_to_the_longest_and_halve_again_and_jitter_stays_below() {
    let retry = Retry { jitter: false, ..Retry::default() };
    let delays: Vec<u128> =
        [0, 1, 2, 6, 7, 8, 13, 14, 15, 99].map(|n| retry.delay(n, 0).as_millis()).to_vec();
    assert_eq!(delays, [10, 20, 40, 640, 1000, 640, 20, 10, 10, 10]);
    let none = Retry { base_delay: Duration::ZERO, ..retry.clone() };
    assert_eq!(none.delay(50, 0), Duration::ZERO);
    let flat = Retry { base_delay: Duration::from_secs(9), ..retry };
    assert_eq!([flat.delay(0, 0), flat.delay(9, 0)], [Duration::from_secs(1); 2]);

    let retry = Retry::default();
    assert_eq!(retry.delay(3, 0).as_millis(), 0);
    assert!(retry.delay(3, u128::MAX) > Duration::from_millis(79));
    assert!(retry.delay(3, u128::MAX) <= Duration::from_millis(80));
}
