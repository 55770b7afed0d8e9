//! A codec and a compressor of your own.
//!
//! `Packed` stores a reading in 20 bytes, where JSON needs about 60, and can hold NaN, which JSON
//! cannot. `PackBits` is the run-length compression of TIFF files.
//!
//! `cargo run --example custom_codec`

use std::io::{self, Read};
use std::sync::Arc;

use lode::codec::{DecodeError, EncodeError, Jsonl, RecordCodec, RecordEncoder, StreamingCodec};
use lode::compress::Compressor;
use lode::{Dataset, Error, Record, Store, metadata};

#[derive(Debug, Clone, PartialEq, serde::Serialize, serde::Deserialize, Record)]
struct Reading {
    at: i64,
    sensor: u32,
    value: f64,
}

/// 20 bytes a reading, little-endian: `at`, `sensor`, `value`.
#[derive(Debug, Clone, Copy)]
struct Packed;

const READING_BYTES: usize = 20;

impl RecordCodec<Reading> for Packed {
    /// Stands in every manifest: it must never mean anything else.
    fn name(&self) -> &str {
        "packed-reading-v1"
    }

    fn extension(&self) -> &str {
        ".packed"
    }

    fn compression(&self) -> Arc<dyn Compressor> {
        Arc::new(PackBits)
    }

    fn encoder(&self) -> Box<dyn RecordEncoder<Reading>> {
        Box::new(Self)
    }

    /// Files are decoded in pieces of whole records, on several threads.
    fn split(&self, bytes: &[u8]) -> usize {
        bytes.len() - bytes.len() % READING_BYTES
    }

    /// What comes from storage is never trusted: bytes that are no record are an error, not a panic.
    fn decode(&self, bytes: &[u8], records: &mut Vec<Reading>) -> Result<(), DecodeError> {
        let (chunks, rest) = bytes.as_chunks::<READING_BYTES>();
        records.extend(chunks.iter().map(unpack));
        if rest.is_empty() {
            return Ok(());
        }
        let source = format!("{} bytes are left, and a reading has {READING_BYTES}", rest.len());
        Err(DecodeError { line: chunks.len() as u64 + 1, column: 0, source: source.into() })
    }
}

/// The encoder hands out each record at once, so streams of any length can be written.
impl StreamingCodec<Reading> for Packed {}

impl RecordEncoder<Reading> for Packed {
    fn push(&mut self, record: &Reading, output: &mut Vec<u8>) -> Result<(), EncodeError> {
        output.extend_from_slice(&record.at.to_le_bytes());
        output.extend_from_slice(&record.sensor.to_le_bytes());
        output.extend_from_slice(&record.value.to_le_bytes());
        Ok(())
    }
}

fn unpack(bytes: &[u8; READING_BYTES]) -> Reading {
    let [a, b, c, d, e, f, g, h, s0, s1, s2, s3, value @ ..] = *bytes;
    Reading {
        at: i64::from_le_bytes([a, b, c, d, e, f, g, h]),
        sensor: u32::from_le_bytes([s0, s1, s2, s3]),
        value: f64::from_le_bytes(value),
    }
}

/// A byte *n* below 128: *n* + 1 bytes follow as they are. One above: the next byte, 257 - *n*
/// times. Runs know nothing of each other, so packed files one after the other unpack to their
/// contents one after the other, as [`Compressor`] asks.
#[derive(Debug, Clone, Copy)]
struct PackBits;

impl Compressor for PackBits {
    fn name(&self) -> &str {
        "packbits"
    }

    fn extension(&self) -> &str {
        ".pb"
    }

    fn compress(&self, mut input: &[u8], output: &mut Vec<u8>) -> io::Result<()> {
        while let Some(&first) = input.first() {
            let run = input.iter().take(128).take_while(|&&byte| byte == first).count();
            if run > 1 {
                output.extend([(257 - run) as u8, first]);
                input = &input[run..];
            } else {
                // Up to where the next run begins.
                let pairs = input.windows(2).take(127);
                let plain = pairs.take_while(|pair| pair[0] != pair[1]).count().max(1);
                output.push((plain - 1) as u8);
                output.extend_from_slice(&input[..plain]);
                input = &input[plain..];
            }
        }
        Ok(())
    }

    fn decompress<'a>(
        &self,
        input: Box<dyn Read + Send + 'a>,
    ) -> io::Result<Box<dyn Read + Send + 'a>> {
        Ok(Box::new(Unpack { input: io::BufReader::new(input), run: Vec::new(), at: 0 }))
    }
}

struct Unpack<R> {
    input: io::BufReader<R>,
    run: Vec<u8>,
    at: usize,
}

impl<R: Read> Unpack<R> {
    fn next_run(&mut self) -> io::Result<()> {
        let mut byte = [0];
        self.run.clear();
        self.at = 0;
        if self.input.read(&mut byte)? == 0 {
            return Ok(());
        }
        let n = usize::from(byte[0]);
        if n < 128 {
            self.run.resize(n + 1, 0);
            self.input.read_exact(&mut self.run)
        } else {
            self.input.read_exact(&mut byte)?;
            self.run.resize(257 - n, byte[0]);
            Ok(())
        }
    }
}

impl<R: Read> Read for Unpack<R> {
    fn read(&mut self, output: &mut [u8]) -> io::Result<usize> {
        if self.at == self.run.len() {
            self.next_run()?;
        }
        let n = output.len().min(self.run.len() - self.at);
        output[..n].copy_from_slice(&self.run[self.at..self.at + n]);
        self.at += n;
        Ok(n)
    }
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let store = Store::memory();
    let records: Vec<Reading> = (0..10_000)
        .map(|n| Reading { at: 1_700_000_000 + n, sensor: 3, value: (n / 100) as f64 })
        .collect();

    let packed = Dataset::<Reading>::new(&store, "packed")?.codec(Packed);
    let first = packed.stream_write_records(records.clone(), metadata! {}).await?;
    let json = Dataset::<Reading>::new(&store, "json")?.codec(Jsonl::new());
    let plain = json.write(&records, metadata! {}).await?;
    println!("packed: {} bytes, as JSON lines: {} bytes", first.size_bytes(), plain.size_bytes());
    assert!(first.size_bytes() * 2 < plain.size_bytes());
    println!("{}", first.files()[0].path);

    // A handle that does not know the codec says so; one that is told reads the snapshot.
    let stranger = Dataset::<Reading>::new(&store, "packed")?;
    match stranger.read(&first).await {
        Err(error @ Error::CodecUnavailable { .. }) => println!("as it should be: {error}"),
        other => panic!("expected an error, got {other:?}"),
    }
    let reader = stranger.decoder(Packed);
    assert_eq!(reader.read(&first).await?, records);

    // That handle writes JSON lines, and appends to what the other one packed: every file is read
    // by the codec it was written with.
    let more = [Reading { at: 1_700_010_000, sensor: 4, value: -0.5 }];
    let second = reader.append(&more, metadata! {}).await?;
    assert_eq!(reader.read(&second).await?, [records, more.to_vec()].concat());

    // JSON has no NaN; this codec has.
    let nan = [Reading { at: 0, sensor: 0, value: f64::NAN }];
    let error = json.write(&nan, metadata! {}).await.err().ok_or("NaN was accepted")?;
    println!("as JSON lines: {error}");
    let third = packed.write(&nan, metadata! {}).await?;
    assert!(packed.read(&third).await?[0].value.is_nan());
    Ok(())
}
