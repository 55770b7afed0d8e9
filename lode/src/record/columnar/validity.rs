use arrow_buffer::{BooleanBufferBuilder, NullBuffer};

/// Which cells of a column are not null; takes no memory until the first null.
#[derive(Default)]
pub(super) struct Validity(Option<BooleanBufferBuilder>);

impl Validity {
    #[inline(always)]
    pub(super) fn push_valid(&mut self) {
        if let Some(bits) = &mut self.0 {
            bits.append(true);
        }
    }

    /// `cells` is how many there are before this one.
    #[inline(always)]
    pub(super) fn push_null(&mut self, cells: usize) {
        match &mut self.0 {
            Some(bits) => bits.append(false),
            None => {
                let mut bits = BooleanBufferBuilder::new(cells + 1);
                bits.append_n(cells, true);
                bits.append(false);
                self.0 = Some(bits);
            }
        }
    }

    pub(super) fn finish(&mut self) -> Option<NullBuffer> {
        self.0.take().map(|mut bits| NullBuffer::new(bits.finish()))
    }
}
