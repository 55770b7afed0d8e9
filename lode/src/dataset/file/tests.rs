use std::sync::Arc;
use std::task::{Context, Poll};

use futures::FutureExt;
use serde::{Deserialize, Serialize};

use super::*;
use crate::Record;
use crate::codec::{DecodeError, RecordCodec};
use crate::compress::{Compressor, Noop};

#[derive(Debug, Serialize, Deserialize, Record)]
#[lode(crate = crate)]
struct Row {
    id: u8,
}

/// A record is one byte; while it is waited for, the encoder writes a header of a hundred.
#[derive(Debug, Clone)]
struct Slow;

impl RecordCodec<Row> for Slow {
    fn name(&self) -> &str {
        "slow"
    }
    fn extension(&self) -> &str {
        ".slow"
    }
    fn compression(&self) -> Arc<dyn Compressor> {
        Arc::new(Noop)
    }
    fn encoder(&self) -> Box<dyn RecordEncoder<Row>> {
        Box::new(self.clone())
    }
    fn split(&self, _: &[u8]) -> usize {
        0
    }
    fn decode(&self, _: &[u8], _: &mut Vec<Row>) -> std::result::Result<(), DecodeError> {
        Ok(())
    }
}

impl RecordEncoder<Row> for Slow {
    fn push(&mut self, record: &Row, output: &mut Vec<u8>) -> std::result::Result<(), EncodeError> {
        output.push(record.id);
        Ok(())
    }
    fn poll_ready(
        &mut self,
        _: &mut Context<'_>,
        output: &mut Vec<u8>,
    ) -> Poll<std::result::Result<(), EncodeError>> {
        output.extend([0; 100]);
        Poll::Pending
    }
}

/// Else the next record would be refused as too large.
#[test]
fn what_was_written_while_it_was_waited_for_is_no_record() {
    let limits = Limits { max_record_bytes: Some(10), ..Limits::default() };
    let format = RecordFormat::new(Slow);
    let mut file = Encoded::new("file".to_owned(), &format, &limits, Order::Any, false);
    assert_eq!(file.push(&Row { id: 1 }, 0).unwrap(), 1);
    // Given up before it is ready.
    assert!(file.ready().now_or_never().is_none());
    assert_eq!(file.push(&Row { id: 2 }, 1).unwrap(), 1);
}
