//! The least and the greatest of texts and byte strings, cut to a length that manifests can afford.

/// The most bytes of a bound.
const LONGEST: usize = 64;

#[derive(Debug)]
pub(super) struct Prefixes {
    min: Option<Prefix>,
    max: Option<Prefix>,
    /// The keys of both: nearly every value is seen by its key to be between them.
    keys: (u32, u32),
}

impl Default for Prefixes {
    fn default() -> Self {
        Self { min: None, max: None, keys: (u32::MAX, 0) }
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
        if !(self.keys.0 < key && key < self.keys.1) {
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

/// The first bytes as a number: of two values whose keys differ, that of the lesser is less.
#[inline]
fn key(bytes: &[u8]) -> u32 {
    u32::from_be_bytes(match *bytes {
        [a, b, c, d, ..] => [a, b, c, d],
        [a, b, c] => [a, b, c, 0],
        [a, b] => [a, b, 0, 0],
        [a] => [a, 0, 0, 0],
        [] => [0; 4],
    })
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
