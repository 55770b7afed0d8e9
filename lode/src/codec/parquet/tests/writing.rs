//! The encoder: what it holds, and what it waits for.

use std::task::{Poll, Waker};

use super::*;

fn never() -> Context<'static> {
    Context::from_waker(Waker::noop())
}

#[test]
fn without_a_runtime_all_is_done_at_once() {
    let mut encoder = RecordCodec::<Trip>::encoder(&Parquet::new().row_group_rows(100));
    let mut output = Vec::new();
    for record in &trips(250) {
        encoder.push(record, &mut output).unwrap();
        assert!(encoder.poll_ready(&mut never(), &mut output).is_ready());
    }
    let before = output.len();
    assert!(before > 1000, "two row groups");
    assert!(encoder.poll_finish(&mut never(), &mut output).is_ready());
    assert_eq!(decode::<Trip>(&output).unwrap(), trips(250));
}

#[tokio::test]
async fn it_says_what_it_holds_and_holds_little() {
    let mut encoder = RecordCodec::<Trip>::encoder(&Parquet::new());
    let mut output = Vec::new();
    let mut held = 0;
    let mut most = 0;
    for record in &trips(200_000) {
        encoder.push(record, &mut output).unwrap();
        assert!(encoder.buffered() > held, "a record adds to what is held");
        held = encoder.buffered();
        if record.id.is_multiple_of(4096) {
            std::future::poll_fn(|cx| encoder.poll_ready(cx, &mut output)).await.unwrap();
            held = encoder.buffered();
            most = most.max(held);
        }
    }
    std::future::poll_fn(|cx| encoder.poll_finish(cx, &mut output)).await.unwrap();
    assert_eq!(encoder.buffered(), 0);
    assert!(most < 40 << 20, "{most}");
    assert!(encoder.uncompressed() > 200_000);
    assert_eq!(decode::<Trip>(&output).unwrap().len(), 200_000);
}

#[test]
fn an_encoder_that_has_failed_stays_so() {
    let mut encoder = RecordCodec::<Trip>::encoder(&Parquet::new().dictionary("nothing", true));
    let mut output = Vec::new();
    encoder.push(&trip(1), &mut output).unwrap_err();
    encoder.push(&trip(1), &mut output).unwrap_err();
    let poll = encoder.poll_finish(&mut never(), &mut output);
    assert!(matches!(poll, Poll::Ready(Err(_))));
}
