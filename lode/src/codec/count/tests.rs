use proptest::prelude::*;

use super::*;

#[test]
fn lines_are_counted_in_pieces_of_any_size() {
    let text = b"{\"a\":1}\n\n  \r\n{}\n {\"b\": [ ]}\n\t\n7";
    for size in 1..text.len() + 1 {
        let mut counter = RowCounter::lines();
        text.chunks(size).for_each(|chunk| counter.update(chunk));
        assert_eq!(counter.finish(), Some(4), "{size}");
    }
    assert_eq!(RowCounter::lines().finish(), Some(0));
}

proptest! {
    #[test]
    fn what_is_counted_is_what_is_decoded(
        lines in prop::collection::vec("[ \t\r]{0,2}([a-z]{1,80})?", 0..600),
        ends in any::<bool>(),
        plain in any::<bool>(),
        size in prop_oneof![1..100_usize, 8000..9000_usize, Just(1 << 20)],
    ) {
        let mut lines = lines;
        if plain {
            lines.retain(|line| line.starts_with(|c: char| c.is_ascii_lowercase()));
        }
        let mut text = lines.join("\n");
        if ends {
            text.push('\n');
        }
        let expected = text.lines().filter(|line| !line.trim_ascii().is_empty()).count();
        let mut counter = RowCounter::lines();
        text.as_bytes().chunks(size).for_each(|chunk| counter.update(chunk));
        prop_assert_eq!(counter.finish(), Some(expected as u64));
    }
}
