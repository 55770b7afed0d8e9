use super::*;

#[test]
fn a_snapshot_is_kept_if_either_says_so() {
    let now = DateTime::from_timestamp(1_000_000, 0).unwrap();
    let at = |ago: i64| now - TimeDelta::seconds(ago);
    let second = Duration::from_secs(1);
    let keeps = |retain: Retain, newer, ago| retain.keeps(newer, at(ago), now);
    assert!(keeps(Retain::last(2), 1, 100) && !keeps(Retain::last(2), 2, 0));
    assert!(!keeps(Retain::last(0), 0, 0));
    assert!(keeps(Retain::within(9 * second), 50, 8) && !keeps(Retain::within(9 * second), 0, 9));
    let both = Retain::last(2).or_within(9 * second);
    assert!(keeps(both, 1, 100) && keeps(both, 50, 8) && !keeps(both, 2, 9));
    // Longer than there is time, and a clock that goes ahead.
    assert!(keeps(Retain::within(Duration::MAX), 50, 1_000_000));
    assert!(keeps(Retain::within(Duration::ZERO), 50, -1));
}
