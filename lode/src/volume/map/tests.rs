// Lists of one range are meant as such.
#![allow(clippy::single_range_in_vec_init)]

use proptest::prelude::*;

use super::*;

/// The model: what each byte of a small volume shows.
type Shown = Vec<Option<(String, u64)>>;

const LEN: u64 = 48;

fn show(blocks: &[BlockRef]) -> Shown {
    let mut shown = vec![None; LEN as usize];
    for block in blocks {
        for i in 0..block.length {
            let byte = &mut shown[(block.offset + i) as usize];
            assert_eq!(*byte, None, "blocks overlap");
            *byte = Some((block.path.clone(), block.path_offset + i));
        }
    }
    shown
}

fn block(offset: u64, length: u64, path: &str, path_offset: u64, after: u64) -> BlockRef {
    BlockRef {
        offset,
        length,
        path: path.to_owned(),
        path_offset,
        object_length: path_offset + length + after,
        checksum: Some(format!("of {path}")),
        checksum_algorithm: Some("md5".to_owned()),
    }
}

/// Sorted, disjoint blocks, of a few objects.
fn blocks() -> impl Strategy<Value = Vec<BlockRef>> {
    let step = (0..4_u64, 1..7_u64, 0..3_u8, 0..3_u64, 0..3_u64);
    prop::collection::vec(step, 0..10).prop_map(|steps| {
        let mut at = 0;
        let mut blocks = Vec::new();
        for (gap, length, path, path_offset, after) in steps {
            let offset = at + gap;
            at = offset + length;
            if at <= LEN {
                let path = ["a", "b", "c"][usize::from(path)];
                blocks.push(block(offset, length, path, path_offset, after));
            }
        }
        blocks
    })
}

fn ranges() -> impl Strategy<Value = Range<u64>> {
    (0..=LEN, 0..=LEN).prop_map(|(a, b)| a.min(b)..a.max(b))
}

fn is_sorted(blocks: &[BlockRef]) -> bool {
    blocks.windows(2).all(|pair| pair[0].range().end <= pair[1].offset)
}

/// The stretches of `range` where `is` holds, each as long as it can be.
fn stretches(range: Range<u64>, is: impl Fn(usize) -> bool) -> Vec<Range<u64>> {
    let mut found: Vec<Range<u64>> = Vec::new();
    for at in range.filter(|at| is(*at as usize)) {
        match found.last_mut() {
            Some(last) if last.end == at => last.end += 1,
            _ => found.push(at..at + 1),
        }
    }
    found
}

proptest! {
    #[test]
    fn blocks_and_gaps_are_those_of_the_bytes(blocks in blocks(), range in ranges()) {
        let shown = show(&blocks);
        let overlaps = |block: &&BlockRef| {
            block.offset < range.end && range.start < block.range().end && !range.is_empty()
        };
        let expected: Vec<_> = blocks.iter().filter(overlaps).collect();
        prop_assert_eq!(blocks_in(&blocks, range.clone()).iter().collect::<Vec<_>>(), expected.clone());
        let first = expected.first().map(|block| block.range());
        prop_assert_eq!(first_overlap(&blocks, range.clone()), first);
        let gaps = stretches(range.clone(), |at| shown[at].is_none());
        prop_assert_eq!(gaps_in(&blocks, range), gaps);
        prop_assert_eq!(coverage(&blocks), stretches(0..LEN, |at| shown[at].is_some()));
    }

    #[test]
    fn runs_tile_the_range_and_take_turns(blocks in blocks(), range in ranges()) {
        let shown = show(&blocks);
        let mut at = range.start;
        let mut before = None;
        for run in runs_in(&blocks, range.clone()) {
            prop_assert_eq!(run.range().start, at);
            prop_assert!(!run.range().is_empty());
            at = run.range().end;
            let is_data = matches!(run, Run::Data(_));
            prop_assert!(before != Some(is_data));
            before = Some(is_data);
            for byte in run.range() {
                prop_assert_eq!(shown[byte as usize].is_some(), is_data);
            }
        }
        prop_assert_eq!(at, range.end);
    }

    #[test]
    fn a_merge_shows_the_topmost_bytes(
        parent in blocks(),
        plain in blocks(),
        overwrites in blocks(),
    ) {
        let plain: Vec<_> = plain
            .into_iter()
            .filter(|block| first_overlap(&parent, block.range()).is_none())
            .collect();
        let merged = merge(parent.clone(), &plain, &overwrites);
        prop_assert!(is_sorted(&merged));
        let (low, mid, top) = (show(&parent), show(&plain), show(&overwrites));
        let expected: Shown = low
            .into_iter()
            .zip(mid)
            .zip(top)
            .map(|((low, mid), top)| top.or(mid).or(low))
            .collect();
        prop_assert_eq!(show(&merged), expected);
        for block in &merged {
            prop_assert!(block.length > 0);
            let kept = |from: &&BlockRef| {
                (&from.path, &from.checksum, &from.checksum_algorithm, from.object_length)
                    == (&block.path, &block.checksum, &block.checksum_algorithm, block.object_length)
            };
            let from = parent.iter().chain(&plain).chain(&overwrites).find(kept);
            prop_assert!(from.is_some(), "a block of no object: {:?}", block);
            prop_assert!(block.path_offset + block.length <= block.object_length);
        }
    }

    #[test]
    fn overwriting_one_by_one_is_overwriting_at_once(parent in blocks(), above in blocks()) {
        let mut each = parent.clone();
        for block in &above {
            each = over(each, std::slice::from_ref(block));
        }
        prop_assert_eq!(over(parent, &above), each);
    }

    #[test]
    fn a_difference_is_the_first_of_the_bytes(a in blocks(), b in blocks(), range in ranges()) {
        let (shown_a, shown_b) = (show(&a), show(&b));
        let differ = stretches(range.clone(), |at| shown_a[at] != shown_b[at]);
        prop_assert_eq!(first_difference(&a, &b, range.clone()), differ.first().cloned());
        prop_assert_eq!(first_difference(&a, &a, range), None);
    }

    #[test]
    fn what_did_not_change_is_the_same_however_it_is_cut(a in blocks(), above in blocks()) {
        let b = over(a.clone(), &above);
        let covered = coverage(&above);
        let gaps = gaps_in(&above, 0..LEN);
        for same in gaps {
            prop_assert_eq!(first_difference(&a, &b, same), None);
        }
        prop_assert!(covered.is_empty() || above.iter().any(|block| b.contains(block)));
    }
}

#[test]
fn a_block_in_the_middle_of_another_leaves_two_parts() {
    let shown = over([block(10, 20, "a", 3, 5)], &[block(15, 5, "b", 0, 0)]);
    let part = |offset, length, path_offset| BlockRef {
        offset,
        length,
        path_offset,
        ..block(10, 20, "a", 3, 5)
    };
    assert_eq!(shown, [part(10, 5, 3), block(15, 5, "b", 0, 0), part(20, 10, 13)]);
}

#[test]
fn numbers_at_the_end_of_their_range_do_not_overflow() {
    let last = block(u64::MAX - 4, 4, "a", 0, 0);
    let blocks = [block(0, 1, "a", 0, 0), last.clone()];
    assert_eq!(coverage(&blocks), [0..1, u64::MAX - 4..u64::MAX]);
    assert_eq!(gaps_in(&blocks, u64::MAX - 6..u64::MAX), [u64::MAX - 6..u64::MAX - 4]);
    let shown = over(blocks, &[block(u64::MAX - 2, 2, "b", 0, 0)]);
    assert_eq!(shown[1], BlockRef { length: 2, ..last });
    // A manifest is validated; if one were not, nothing panics.
    let wild = [BlockRef { length: u64::MAX, path_offset: u64::MAX, ..block(1, 1, "a", 0, 0) }];
    assert_eq!(over(wild, &[block(5, 1, "b", 0, 0)]).len(), 3);
}
