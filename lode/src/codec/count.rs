//! Counting records without decoding them.

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
            Self::Lines { rows, is_blank } => {
                let mut rest = bytes;
                while !rest.is_empty() {
                    let end = memchr(b'\n', rest);
                    let line = &rest[..end.unwrap_or(rest.len())];
                    *is_blank = *is_blank && line.iter().all(u8::is_ascii_whitespace);
                    let Some(end) = end else { return };
                    *rows += u64::from(!*is_blank);
                    *is_blank = true;
                    rest = &rest[end + 1..];
                }
            }
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

#[cfg(test)]
mod tests {
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
}
