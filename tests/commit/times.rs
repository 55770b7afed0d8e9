//! The time range of a snapshot covers all of its records, or is not given.

use std::sync::Arc;

use chrono::{DateTime, TimeZone, Utc};
use lode::{Dataset, Record, metadata};
use object_store::ObjectStore;

use crate::support::{lode_store, memory};

/// Two records of one schema; only one of them says which field is the time.
#[derive(Debug, Clone, serde::Serialize, serde::Deserialize, Record)]
#[serde(rename = "Event")]
struct Timed {
    #[lode(timestamp)]
    at: Option<DateTime<Utc>>,
}

#[derive(Debug, Clone, serde::Serialize, serde::Deserialize, Record)]
#[serde(rename = "Event")]
struct Plain {
    at: Option<DateTime<Utc>>,
}

fn at(second: i64) -> Option<DateTime<Utc>> {
    Some(Utc.timestamp_opt(second, 0).unwrap())
}

#[tokio::test]
async fn an_append_of_unknown_times_makes_the_range_unknown() {
    let store = lode_store(memory() as Arc<dyn ObjectStore>);
    let timed = |id: &'static str| Dataset::<Timed>::new(&store, id).unwrap();
    let plain = |id: &'static str| Dataset::<Plain>::new(&store, id).unwrap().statistics(false);

    timed("a").write(&[Timed { at: at(5) }], metadata! {}).await.unwrap();
    let none = timed("a").append(&[Timed { at: None }], metadata! {}).await.unwrap();
    assert_eq!(none.time_range(), at(5).zip(at(5)));
    let nothing = timed("a").append(&[], metadata! {}).await.unwrap();
    assert_eq!(nothing.time_range(), at(5).zip(at(5)));
    let wider = timed("a").append(&[Timed { at: at(9) }], metadata! {}).await.unwrap();
    assert_eq!(wider.time_range(), at(5).zip(at(9)));
    let unknown = plain("a").append(&[Plain { at: at(1) }], metadata! {}).await.unwrap();
    assert_eq!(unknown.time_range(), None);
    let still = timed("a").append(&[Timed { at: at(7) }], metadata! {}).await.unwrap();
    assert_eq!(still.time_range(), None);

    plain("b").write(&[Plain { at: at(1) }], metadata! {}).await.unwrap();
    let unknown = timed("b").append(&[Timed { at: at(7) }], metadata! {}).await.unwrap();
    assert_eq!(unknown.time_range(), None);

    // Statistics of a column that was no timestamp then are as good.
    let with = Dataset::<Plain>::new(&store, "e").unwrap();
    with.write(&[Plain { at: at(1) }], metadata! {}).await.unwrap();
    let known = timed("e").append(&[Timed { at: at(7) }], metadata! {}).await.unwrap();
    assert_eq!(known.time_range(), at(1).zip(at(7)));

    timed("c").write(&[Timed { at: None }], metadata! {}).await.unwrap();
    let known = timed("c").append(&[Timed { at: at(7) }], metadata! {}).await.unwrap();
    assert_eq!(known.time_range(), at(7).zip(at(7)));
    timed("d").write(&[], metadata! {}).await.unwrap();
    let known = timed("d").append(&[Timed { at: at(7) }], metadata! {}).await.unwrap();
    assert_eq!(known.time_range(), at(7).zip(at(7)));
}
