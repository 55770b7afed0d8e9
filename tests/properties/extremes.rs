//! Times and dates that RFC 3339 has no text for, leap seconds, years of five digits: they come
//! back, or are refused and leave nothing.

use chrono::{DateTime, NaiveDate, NaiveTime, Utc};
use lode::{Dataset, Error, HiveLayout, Record, Store, metadata};
use proptest::prelude::*;

use super::finite::objects;
use super::{block_on, config};

#[derive(Debug, Clone, PartialEq, serde::Serialize, serde::Deserialize, Record)]
struct Moment {
    #[lode(timestamp, partition = "month")]
    at: DateTime<Utc>,
    other: DateTime<Utc>,
    #[lode(partition)]
    date: NaiveDate,
}

/// Any time that chrono can hold.
fn time() -> impl Strategy<Value = DateTime<Utc>> {
    let (first, last) = (DateTime::<Utc>::MIN_UTC, DateTime::<Utc>::MAX_UTC);
    let any = (first.timestamp()..=last.timestamp(), 0..1_000_000_000_u32)
        .prop_map(|(s, n)| DateTime::from_timestamp(s, n).unwrap());
    // A second of 23:59:59 or of any other minute can have 2,000,000,000 nanoseconds.
    let leap = (date(), 0..1440_u32, 1_000_000_000..2_000_000_000_u32).prop_map(|(d, m, n)| {
        let time = NaiveTime::from_num_seconds_from_midnight_opt(m * 60 + 59, n).unwrap();
        d.and_time(time).and_utc()
    });
    let usual = (-63_000_000_000..254_000_000_000_i64)
        .prop_map(|s| DateTime::from_timestamp(s, 0).unwrap());
    prop_oneof![1 => any, 1 => leap, 3 => usual, 1 => prop_oneof![Just(first), Just(last)]]
}

fn date() -> impl Strategy<Value = NaiveDate> {
    let days = NaiveDate::MIN.to_epoch_days()..=NaiveDate::MAX.to_epoch_days();
    let any = days.prop_map(|n| NaiveDate::from_epoch_days(n).unwrap());
    let usual = (-730_000..2_940_000).prop_map(|n| NaiveDate::from_epoch_days(n).unwrap());
    prop_oneof![1 => any, 3 => usual, 1 => prop_oneof![Just(NaiveDate::MIN), Just(NaiveDate::MAX)]]
}

fn moment() -> impl Strategy<Value = Moment> {
    (time(), time(), date()).prop_map(|(at, other, date)| Moment { at, other, date })
}

/// Whether it comes back. If it does not, nothing is stored.
async fn comes_back<L: lode::layout::Layout<Moment>>(moment: &Moment, layout: L) -> bool {
    let store = Store::memory();
    let dataset = Dataset::<Moment>::new(&store, "moments").unwrap().layout(layout);
    let written = match dataset.write(std::slice::from_ref(moment), metadata! {}).await {
        Ok(snapshot) => snapshot,
        Err(Error::Encode { row: 0, .. } | Error::InvalidPartition { row: 0, .. }) => {
            assert_eq!(objects(&store).await, [""; 0]);
            return false;
        }
        Err(other) => panic!("{other}"),
    };
    let latest = dataset.latest().await.unwrap().unwrap();
    assert_eq!(latest, written);
    assert_eq!(dataset.read(&latest).await.unwrap(), std::slice::from_ref(moment));
    true
}

proptest! {
    #![proptest_config(config(256))]

    #[test]
    fn of_times_and_dates(moment in moment()) {
        let plain = block_on(comes_back(&moment, lode::DefaultLayout));
        let hive = block_on(comes_back(&moment, HiveLayout));
        prop_assert_eq!(plain, hive);
        let has_text = |year| (0..=9999).contains(&year);
        use chrono::Datelike;
        if has_text(moment.at.year()) && has_text(moment.other.year()) && has_text(moment.date.year()) {
            prop_assert!(plain, "{:?} was refused", moment);
        }
    }
}
