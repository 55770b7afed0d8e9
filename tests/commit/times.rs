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

#[derive(Debug, Clone, serde::Serialize, serde::Deserialize, Record)]
struct Created {
    #[lode(timestamp)]
    created: Option<DateTime<Utc>>,
    updated: Option<DateTime<Utc>>,
}

#[derive(Debug, Clone, serde::Serialize, serde::Deserialize, Record)]
struct Updated {
    created: Option<DateTime<Utc>>,
    #[lode(timestamp)]
    updated: Option<DateTime<Utc>>,
}

#[derive(Debug, Clone, serde::Serialize, serde::Deserialize, Record)]
struct Renamed {
    #[lode(timestamp)]
    #[serde(alias = "created")]
    made: Option<DateTime<Utc>>,
}

#[tokio::test]
async fn the_range_is_of_the_field_that_is_the_timestamp_now() {
    let store = lode_store(memory() as Arc<dyn ObjectStore>);
    let created = |id: &'static str| Dataset::<Created>::new(&store, id).unwrap();
    let updated = |id: &'static str| Dataset::<Updated>::new(&store, id).unwrap();
    let renamed = |id: &'static str| Dataset::<Renamed>::new(&store, id).unwrap();
    let old = [Created { created: at(5), updated: at(1000) }];
    let new = [Updated { created: at(6), updated: at(2000) }];

    created("a").write(&old, metadata! {}).await.unwrap();
    let both = updated("a").append(&new, metadata! {}).await.unwrap();
    assert_eq!(both.time_range(), at(1000).zip(at(2000)));
    let back = created("a").append(&old, metadata! {}).await.unwrap();
    assert_eq!(back.time_range(), at(5).zip(at(6)));

    // Without statistics only the timestamp's own are there.
    created("b").statistics(false).write(&old, metadata! {}).await.unwrap();
    let unknown = updated("b").append(&new, metadata! {}).await.unwrap();
    assert_eq!(unknown.time_range(), None);

    created("c").statistics(false).write(&old, metadata! {}).await.unwrap();
    let known = renamed("c").append(&[Renamed { made: at(7) }], metadata! {}).await.unwrap();
    assert_eq!(known.time_range(), at(5).zip(at(7)));
}
