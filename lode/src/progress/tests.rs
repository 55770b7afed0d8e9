use std::sync::Mutex;
use std::thread;

use super::*;

#[test]
fn what_is_told_from_many_threads_grows_to_the_totals() {
    let told: Arc<Mutex<Vec<Progress>>> = Arc::default();
    let tell = Arc::clone(&told);
    let meter = Meter::new(Some(Arc::new(move |progress| {
        // Others come up to here meanwhile, if they can.
        thread::yield_now();
        tell.lock().unwrap().push(progress);
    })));
    thread::scope(|scope| {
        for _ in 0..8 {
            scope.spawn(|| {
                for _ in 0..500 {
                    meter.bytes(100);
                    meter.records(10);
                    meter.file();
                }
            });
        }
    });
    let told = told.lock().unwrap();
    assert!(told.is_sorted_by_key(|progress| progress.bytes));
    assert!(told.is_sorted_by_key(|progress| progress.records));
    assert!(told.is_sorted_by_key(|progress| progress.files));
    let totals = Progress { bytes: 400_000, records: 40_000, files: 4000 };
    assert_eq!((told.len(), told.last()), (12_000, Some(&totals)));
}
