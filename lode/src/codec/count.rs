//! Counting records without decoding them.

#[cfg(test)]
mod tests;

use memchr::memchr;

/// Counts the records of a file that comes in pieces.
#[derive(Debug, Clone)]
pub(crate) enum RowCounter {
    /// JSON lines: those that are not empty.
    Lines { rows: u64, is_blank: bool },
    /// Frames, as bincode and postcard have them: a length, and as many bytes.
    #[cfg(any(feature = "bincode", feature = "postcard"))]
    Frames(super::framed::Counter),
}

impl RowCounter {
    pub(crate) fn lines() -> Self {
        Self::Lines { rows: 0, is_blank: true }
    }

    pub(crate) fn update(&mut self, bytes: &[u8]) {
        match self {
            Self::Lines { rows, is_blank } => count_lines(bytes, rows, is_blank),
            #[cfg(any(feature = "bincode", feature = "postcard"))]
            Self::Frames(counter) => counter.update(bytes),
        }
    }

    /// How many there were; `None` if the last is not whole, as far as that can be told.
    pub(crate) fn finish(self) -> Option<u64> {
        match self {
            Self::Lines { rows, is_blank } => Some(rows + u64::from(!is_blank)),
            #[cfg(any(feature = "bincode", feature = "postcard"))]
            Self::Frames(counter) => counter.finish(),
        }
    }
}

/// Counts the lines that end in `bytes` and are not blank; `is_blank` is whether the one that goes on is
/// so far.
fn count_lines(bytes: &[u8], rows: &mut u64, is_blank: &mut bool) {
    let (mut ends, may_be_blank) = look_over(bytes);
    let mut rest = bytes;
    // Of most files all lines begin with something, all but the first for sure.
    while !rest.is_empty() {
        let end = memchr(b'\n', rest);
        let line = &rest[..end.unwrap_or(rest.len())];
        *is_blank = *is_blank && line.iter().all(u8::is_ascii_whitespace);
        let Some(end) = end else { return };
        *rows += u64::from(!*is_blank);
        *is_blank = true;
        rest = &rest[end + 1..];
        ends -= 1;
        if !may_be_blank {
            *rows += ends;
            *is_blank = rest.last().is_none_or(|last| *last == b'\n');
            return;
        }
    }
}

/// How many line ends there are, and whether any is followed by white space.
fn look_over(bytes: &[u8]) -> (u64, bool) {
    /// So many at once are what processors can do.
    const LANES: usize = 32;
    let Some((last, before)) = bytes.split_last() else { return (0, false) };
    let (mut ends, mut is_followed) = (u64::from(*last == b'\n'), 0);
    // A count of 255 fits in a lane.
    let blocks = before.chunks(255 * LANES).zip(bytes[1..].chunks(255 * LANES));
    for (block, next) in blocks {
        let (mut found, mut followed) = ([0_u8; LANES], [0_u8; LANES]);
        let (lanes, next) = (block.chunks_exact(LANES), next.chunks_exact(LANES));
        for (byte, next) in lanes.remainder().iter().zip(next.remainder()) {
            ends += u64::from(*byte == b'\n');
            is_followed |= u8::from(*byte == b'\n' && *next <= b' ');
        }
        for (bytes, next) in lanes.zip(next) {
            for lane in 0..LANES {
                let is_end = u8::from(bytes[lane] == b'\n');
                found[lane] += is_end;
                followed[lane] |= is_end & u8::from(next[lane] <= b' ');
            }
        }
        ends += found.iter().map(|&found| u64::from(found)).sum::<u64>();
        is_followed |= followed.iter().fold(0, |all, lane| all | lane);
    }
    (ends, is_followed != 0)
}
