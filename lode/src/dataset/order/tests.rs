use super::*;

#[tokio::test]
async fn it_is_the_stable_sort() {
    for len in [0, 1, AT_ONCE, AT_ONCE + 1, 5 * AT_ONCE + 17] {
        let mut state = 1_u64;
        let items: Vec<(u64, usize)> = (0..len)
            .map(|place| {
                state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
                (state >> 56, place)
            })
            .collect();
        let mut expected = items.clone();
        expected.sort_by_key(|item| item.0);
        assert_eq!(sort(items, |a, b| a.0.cmp(&b.0)).await, expected);
    }
}
