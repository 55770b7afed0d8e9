//! No compression.

use std::io::{self, Read};

use crate::compress::Compressor;

/// No compression.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Noop;

impl Compressor for Noop {
    fn name(&self) -> &str {
        "noop"
    }

    fn extension(&self) -> &str {
        ""
    }

    fn compress(&self, input: &[u8], output: &mut Vec<u8>) -> io::Result<()> {
        output.extend_from_slice(input);
        Ok(())
    }

    fn decompress<'a>(
        &self,
        input: Box<dyn Read + Send + 'a>,
    ) -> io::Result<Box<dyn Read + Send + 'a>> {
        Ok(input)
    }
}
