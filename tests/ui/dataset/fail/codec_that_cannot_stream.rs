//~ error[E0277]: the codec `Whole` cannot encode a stream of `Reading`

use std::sync::Arc;

use lode::codec::{DecodeError, RecordCodec, RecordEncoder};
use lode::compress::{Compressor, Noop};
use lode::{Dataset, Store, metadata};

#[derive(serde::Serialize, serde::Deserialize, lode::Record)]
struct Reading {
    celsius: f64,
}

/// Encodes all records at once.
#[derive(Clone, Debug)]
struct Whole;

impl RecordCodec<Reading> for Whole {
    fn name(&self) -> &str {
        "whole"
    }

    fn extension(&self) -> &str {
        ".whole"
    }

    fn compression(&self) -> Arc<dyn Compressor> {
        Arc::new(Noop)
    }

    fn encoder(&self) -> Box<dyn RecordEncoder<Reading>> {
        unimplemented!()
    }

    fn split(&self, _: &[u8]) -> usize {
        0
    }

    fn decode(&self, _: &[u8], _: &mut Vec<Reading>) -> Result<(), DecodeError> {
        Ok(())
    }
}

async fn run(store: &Store) -> lode::Result<()> {
    let readings = Dataset::<Reading>::new(store, "readings")?.codec(Whole);
    readings.stream_write_records([Reading { celsius: 21.5 }], metadata! {}).await?;
    Ok(())
}

fn main() {
    let _ = run(&Store::memory());
}
