//! The least and the greatest of texts and byte strings, cut to a length that manifests can afford.

#[cfg(test)]
mod tests;

/// The most bytes of a bound.
const LONGEST: usize = 64;

#[derive(Debug)]
pub(super) struct Prefixes {
    min: Option<Prefix>,
    max: Option<Prefix>,
    /// The keys of both: nearly every value is seen by its key to be between them, or one of them.
    keys: (u64, u64),
}

impl Default for Prefixes {
    fn default() -> Self {
        Self { min: None, max: None, keys: (u64::MAX, u64::MAX) }
    }
}

/// The beginning of a value, or all of it.
#[derive(Debug)]
struct Prefix {
    bytes: Vec<u8>,
    is_cut: bool,
}

/// What a bound can be made of.
pub(super) trait Cut {
    fn bytes(&self) -> &[u8];

    /// How many bytes of it make a bound.
    fn cut(&self) -> usize;
}

impl Cut for &str {
    fn bytes(&self) -> &[u8] {
        self.as_bytes()
    }

    fn cut(&self) -> usize {
        self.floor_char_boundary(LONGEST)
    }
}

impl Cut for &[u8] {
    fn bytes(&self) -> &[u8] {
        self
    }

    fn cut(&self) -> usize {
        self.len().min(LONGEST)
    }
}

impl Prefixes {
    #[inline]
    pub(super) fn add(&mut self, value: impl Cut) {
        let key = key(value.bytes());
        let (min, max) = self.keys;
        let is_between = min < key && key < max;
        let is_bound = (key == min || key == max) && is_all(key);
        if !(is_between || is_bound) {
            self.compare(&value);
        }
    }

    fn compare(&mut self, value: &impl Cut) {
        let bytes = value.bytes();
        match &mut self.min {
            Some(min) if bytes > min.bytes.as_slice() => {}
            // What was cut is above what is left of it, which this value is.
            Some(min) if bytes == min.bytes.as_slice() => min.is_cut = false,
            Some(min) => min.set(value),
            None => self.min = Some(Prefix::of(value)),
        }
        match &mut self.max {
            Some(max) if bytes <= max.bytes.as_slice() => {}
            // It begins as the greatest does; the bound is above all that do.
            Some(max) if max.is_cut && bytes.starts_with(&max.bytes) => {}
            Some(max) => max.set(value),
            None => self.max = Some(Prefix::of(value)),
        }
        let key = |bound: &Option<Prefix>| bound.as_ref().map_or(0, |bound| key(&bound.bytes));
        self.keys = (key(&self.min), key(&self.max));
    }

    /// The bounds, each with whether it is a value.
    pub(super) fn text_bounds(self) -> [Option<(String, bool)>; 2] {
        let text = |bytes| String::from_utf8(bytes).ok();
        let min = self.min.and_then(|min| Some((text(min.bytes)?, !min.is_cut)));
        let max = self.max.and_then(|max| match max.is_cut {
            false => Some((text(max.bytes)?, true)),
            true => Some((text_above(text(max.bytes)?)?, false)),
        });
        [min, max]
    }

    /// As [`text_bounds`](Self::text_bounds), of byte strings.
    pub(super) fn byte_bounds(self) -> [Option<(Vec<u8>, bool)>; 2] {
        let min = self.min.map(|min| (min.bytes, !min.is_cut));
        let max = self.max.and_then(|max| match max.is_cut {
            false => Some((max.bytes, true)),
            true => Some((bytes_above(max.bytes)?, false)),
        });
        [min, max]
    }
}

/// The first seven bytes, and the length up to eight, as a number: of two values whose keys differ,
/// that of the lesser is less.
#[inline]
fn key(bytes: &[u8]) -> u64 {
    let len = bytes.len() as u64;
    let at_end = |bits: u64, count: u64| bits << (8 * (8 - count));
    let four = |four: Option<&[u8; 4]>| four.map_or(0, |four| u64::from(u32::from_be_bytes(*four)));
    let first = match *bytes {
        [] => 0,
        [a] => at_end(a.into(), 1),
        [a, b] => at_end(u16::from_be_bytes([a, b]).into(), 2),
        [a, b, c] => at_end(u32::from_be_bytes([0, a, b, c]).into(), 3),
        [a, b, c, d, e, f, g, _, ..] => u64::from_be_bytes([a, b, c, d, e, f, g, 0]),
        // Two that overlap.
        _ => at_end(four(bytes.first_chunk()), 4) | at_end(four(bytes.last_chunk()), len),
    };
    first | len.min(8)
}

/// Whether only one value has this key.
#[inline]
fn is_all(key: u64) -> bool {
    key & 0xff < 8
}

impl Prefix {
    fn of(value: &impl Cut) -> Self {
        let mut prefix = Self { bytes: Vec::new(), is_cut: false };
        prefix.set(value);
        prefix
    }

    fn set(&mut self, value: &impl Cut) {
        let (bytes, cut) = (value.bytes(), value.cut());
        self.bytes.clear();
        self.bytes.extend_from_slice(bytes.get(..cut).unwrap_or(bytes));
        self.is_cut = cut < bytes.len();
    }
}

/// A text above all that begin with this one, if there is one that is no longer.
fn text_above(mut prefix: String) -> Option<String> {
    while let Some(last) = prefix.pop() {
        // The range steps over the surrogates.
        if let Some(next) = (last..=char::MAX).nth(1)
            && prefix.len() + next.len_utf8() <= LONGEST
        {
            prefix.push(next);
            return Some(prefix);
        }
    }
    None
}

/// Bytes above all that begin with these, if there are any.
fn bytes_above(mut prefix: Vec<u8>) -> Option<Vec<u8>> {
    while let Some(last) = prefix.pop() {
        if let Some(next) = last.checked_add(1) {
            prefix.push(next);
            return Some(prefix);
        }
    }
    None
}
