//! Delta packed integers: what the crate `parquet` allocates by, and how long texts are by them.
//!
//! The format: <https://github.com/apache/parquet-format/blob/master/Encodings.md>, `DELTA_BINARY_PACKED`.

use super::thrift::Thrift;

/// Delta packed integers.
enum Run<'a> {
    First(i64),
    /// So many more: each is as much more than that before as `least` and its `bits` say.
    Next {
        least: i64,
        width: u8,
        bits: &'a [u8],
        len: u64,
    },
}

/// Where delta packed integers end, if they are at most so many.
pub(super) fn check(data: &[u8], most: u64) -> Option<usize> {
    walk(data, most, |_| Some(()))
}

/// The largest of delta packed lengths, and where they end.
pub(super) fn largest(data: &[u8], most: u64) -> Option<(u64, usize)> {
    let (mut value, mut largest) = (0_i64, 0_u64);
    let end = walk(data, most, |run| {
        let mut add = |more: Option<i64>| {
            value = value.checked_add(more?).filter(|value| i32::try_from(*value).is_ok())?;
            largest = largest.max(u64::try_from(value).ok()?);
            Some(())
        };
        match run {
            Run::First(first) => add(Some(first)),
            // Equal steps lead to the last of them.
            Run::Next { least, width: 0, len, .. } => {
                add(i64::try_from(len).ok().and_then(|len| least.checked_mul(len)))
            }
            Run::Next { least, width, bits, len } => {
                unpack(bits, width, len, |more| add(least.checked_add(more)))
            }
        }
    })?;
    Some((largest, end))
}

/// Gives each of `len` integers of some bits to `take`, as far as there are bits.
fn unpack(bits: &[u8], width: u8, len: u64, mut take: impl FnMut(i64) -> Option<()>) -> Option<()> {
    if width > 32 {
        return None;
    }
    let (mut held, mut count) = (0_u64, 0);
    let mut bytes = bits.iter();
    for _ in 0..len {
        while count < width {
            let Some(&byte) = bytes.next() else { return Some(()) };
            held |= u64::from(byte) << count;
            count += 8;
        }
        take((held & ((1 << width) - 1)) as i64)?;
        held >>= width;
        count -= width;
    }
    Some(())
}

/// Walks delta packed integers; where they end, if they are at most so many.
fn walk<'a>(
    data: &'a [u8],
    most: u64,
    mut visit: impl FnMut(Run<'a>) -> Option<()>,
) -> Option<usize> {
    let mut thrift = Thrift::new(data);
    let block = thrift.unsigned().ok()?;
    let minis = thrift.unsigned().ok()?;
    let values = thrift.unsigned().ok()?;
    let first = thrift.integer().ok()?;
    let sound = values <= most
        && (1..=1 << 16).contains(&block)
        && (1..=512).contains(&minis)
        && block % minis == 0
        && (block / minis) % 32 == 0;
    if !sound {
        return None;
    }
    if values > 0 {
        visit(Run::First(first))?;
    }
    let mut at = thrift.read;
    let mut left = values.saturating_sub(1);
    while left > 0 {
        let mut thrift = Thrift::new(data.get(at..)?);
        let least = thrift.integer().ok()?;
        at += thrift.read;
        let widths = data.get(at..)?.get(..usize::try_from(minis).ok()?)?;
        at += widths.len();
        for &width in widths {
            if left == 0 {
                break;
            }
            if width > 64 {
                return None;
            }
            let bits = u64::from(width) * (block / minis);
            // The last one may be cut short.
            let end = at.saturating_add(usize::try_from(bits / 8).ok()?).min(data.len());
            let len = left.min(block / minis);
            visit(Run::Next { least, width, bits: data.get(at..end)?, len })?;
            at = end;
            left -= len;
        }
    }
    Some(at)
}
