use proptest::collection::vec;
use proptest::prelude::*;

use super::{LONGEST, Prefixes, is_all, key};

/// Short ones and long ones, which often begin alike.
fn values() -> impl Strategy<Value = Vec<u8>> {
    let byte = || prop_oneof![Just(0), Just(b'a'), Just(255)];
    let long = (LONGEST - 2..LONGEST + 3, vec(byte(), 0..4)).prop_map(|(len, mut value)| {
        value.resize(len, 255);
        value
    });
    prop_oneof![4 => vec(byte(), 0..10), 1 => long]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2000))]

    #[test]
    fn bounds_hold_every_value(values in vec(values(), 0..12)) {
        let mut prefixes = Prefixes::default();
        values.iter().for_each(|value| prefixes.add(value.as_slice()));
        let [min, max] = prefixes.byte_bounds();
        let (least, greatest) = (values.iter().min(), values.iter().max());
        prop_assert_eq!(min.is_some(), least.is_some());
        if let (Some((min, is_value)), Some(least)) = (min, least) {
            prop_assert!(min.len() <= LONGEST && &min <= least);
            prop_assert_eq!(is_value, &min == least);
        }
        match (max, greatest) {
            (Some((max, is_value)), Some(greatest)) => {
                prop_assert!(max.len() <= LONGEST && &max >= greatest);
                prop_assert_eq!(is_value, &max == greatest);
            }
            (None, Some(greatest)) => prop_assert!(greatest.len() > LONGEST),
            (max, None) => prop_assert_eq!(max, None),
        }
    }

    #[test]
    fn keys_are_ordered_as_their_values(a in values(), b in values()) {
        if key(&a) < key(&b) {
            prop_assert!(a < b);
        }
        if is_all(key(&a)) && key(&a) == key(&b) {
            prop_assert_eq!(a, b);
        }
    }
}
