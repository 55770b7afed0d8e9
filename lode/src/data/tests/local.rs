//! Files of the local disk that take long to be read.

use std::fs::File;
use std::sync::Arc;
use std::sync::atomic::AtomicU64;
use std::sync::atomic::Ordering::Relaxed;

use futures::StreamExt;

use super::support::*;
use crate::data::{self, FileToRead, examine, read_all};
use crate::limits::Limits;
use crate::progress::Meter;

/// A hole takes no room.
const SIZE: u64 = 4 << 30;

/// Its first line is no record, and there are lines enough for what is decoded ahead.
const LINES: usize = 32 << 20;

#[test]
fn dropping_a_reader_ends_the_job_that_reads_a_file() {
    for way in ["all", "stream", "records", "verdict"] {
        let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().unwrap();
        let told: Arc<AtomicU64> = Arc::default();
        let (store, dir) = local();
        runtime.block_on(async {
            let mut lines = vec![b'\n'; LINES];
            lines[0] = b'?';
            let small = put(&store, lines, "noop").await;
            let path = dir.path().join(KEY);
            File::options().write(true).open(path).unwrap().set_len(SIZE).unwrap();
            let tell = Arc::clone(&told);
            let meter =
                Meter::new(Some(Arc::new(move |progress| tell.store(progress.bytes, Relaxed))));
            let limits = Limits { max_decoded_bytes: None, ..Limits::default() };
            let file = FileToRead { size_bytes: SIZE, checksum: None, limits, meter, ..small };
            let reading = tokio::spawn(async move {
                match way {
                    "all" => drop(read_all(&store, file).await),
                    "stream" => drop(data::bytes(&store, file).collect::<Vec<_>>().await),
                    // That it cannot be decoded is known at once, and judged at its end.
                    "records" => drop(read_rows(&store, file).await),
                    _ => drop(examine(&store, file, None).await),
                }
            });
            while told.load(Relaxed) <= LINES as u64 {
                assert!(!reading.is_finished(), "{way}: it ends");
                tokio::task::yield_now().await;
            }
            reading.abort();
            assert!(reading.await.unwrap_err().is_cancelled());
        });
        drop(runtime);
        let read = told.load(Relaxed);
        assert!(read < SIZE / 2, "{way}: {read} bytes were read");
    }
}
