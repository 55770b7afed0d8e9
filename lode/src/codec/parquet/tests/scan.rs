//! Scans: whatever is not read, the result is that of filtering all records.

use std::sync::Mutex;

use futures::TryStreamExt;

use super::*;
use crate::{Error, Predicate, Progress};

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, Record)]
#[lode(crate = crate)]
struct Sample {
    id: u32,
    #[lode(bloom)]
    name: Option<String>,
    kind: Kind,
    x: f64,
    y: Option<f32>,
    when: DateTime<Utc>,
    day: Option<NaiveDate>,
    best: Option<Leg>,
    tags: Option<Vec<String>>,
    ok: Option<bool>,
    big: u64,
}

fn sample(id: u32) -> Sample {
    let noise = id.wrapping_mul(0x9e37_79b1) >> 16;
    let float = |n: u32| match n % 11 {
        0 => f64::NAN,
        1 => f64::INFINITY,
        2 => -0.0,
        n => f64::from(n) - 5.5,
    };
    Sample {
        id,
        name: (!noise.is_multiple_of(7)).then(|| format!("name {}", id / 50)),
        kind: if noise.is_multiple_of(3) { Kind::Fancy } else { Kind::Plain },
        x: float(noise),
        y: (!noise.is_multiple_of(5)).then(|| float(id / 30) as f32),
        when: Utc.timestamp_nanos(i64::from(id) * 1_000_000_007),
        day: NaiveDate::from_ymd_opt(2013, 1 + id % 12, 1),
        best: (!id.is_multiple_of(3)).then(|| Leg {
            from: format!("stop {}", id / 20),
            km: (noise.is_multiple_of(2)).then_some(id as f32),
        }),
        tags: (id % 100 > 10).then(|| vec!["a".to_owned(); (noise % 3) as usize]),
        ok: (!noise.is_multiple_of(4)).then_some(id > 500),
        big: u64::MAX - u64::from(id),
    }
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, Record)]
#[lode(crate = crate)]
struct Slim {
    id: u32,
    name: Option<String>,
}

fn predicates() -> Vec<Predicate<Sample>> {
    let c = Sample::columns;
    let time = |id: u32| sample(id).when;
    vec![
        c().id.eq(17),
        c().id.lt(0),
        c().id.ge(990),
        !c().id.lt(990),
        c().name.eq("name 3"),
        c().name.eq("no such name"),
        c().name.is_in(["name 2", "name 19", "other"]),
        c().name.is_null(),
        !c().name.is_null() & c().id.lt(60),
        c().name.starts_with("name 1"),
        c().kind.eq(Kind::Fancy) & c().id.lt(30),
        c().x.gt(0.0),
        c().x.ne(1.5),
        c().x.eq(0.0),
        c().y.lt(-2.0),
        !c().y.ge(-2.0),
        c().when.lt(time(40)),
        c().when.ge(time(600)) & c().when.lt(time(610)),
        c().day.eq(NaiveDate::from_ymd_opt(2013, 4, 1).unwrap()),
        c().best.from.eq("stop 7"),
        c().best.from.is_null(),
        c().best.km.gt(800.0),
        c().best.km.is_null() & !c().best.from.is_null(),
        c().tags.is_null(),
        c().ok.eq(true),
        c().ok.eq(true) | c().ok.is_null(),
        c().big.gt(u64::MAX - 20),
        c().id.lt(100) | c().big.lt(u64::MAX - 900),
    ]
}

fn same(a: &[Sample], b: &[Sample]) -> bool {
    // NaN is itself here.
    format!("{a:?}") == format!("{b:?}")
}

#[tokio::test]
async fn a_scan_is_a_filter_of_everything() {
    let records: Vec<Sample> = (0..1000).map(sample).collect();
    for (rows, pages) in [(1000, 10), (300, 64), (128, 1000), (50, 7)] {
        let store = Store::memory();
        let codec = Parquet::new().row_group_rows(rows).page_rows(pages);
        let dataset = Dataset::<Sample>::new(&store, "samples").unwrap().codec(codec);
        let snapshot = dataset.write(&records, Metadata::empty()).await.unwrap();
        for predicate in predicates() {
            let expected: Vec<Sample> = records
                .iter()
                .filter(|record| predicate.matches(record) == Some(true))
                .cloned()
                .collect();
            let scan = dataset.scan(&snapshot).filter(predicate.clone());
            let found = scan.collect().await.unwrap();
            assert!(
                same(&found, &expected),
                "{predicate} {rows} {pages}: {} not {}",
                found.len(),
                expected.len()
            );
            let scan = dataset.scan(&snapshot).filter(predicate.clone()).select::<Slim>();
            let found = scan.collect().await.unwrap();
            let slim = |it: &Sample| Slim { id: it.id, name: it.name.clone() };
            assert_eq!(found, expected.iter().map(slim).collect::<Vec<_>>(), "{predicate}");
            let count = dataset.scan(&snapshot).filter(predicate.clone()).count().await.unwrap();
            assert_eq!(count, expected.len() as u64, "{predicate}");
        }
        let all = dataset.scan(&snapshot).select::<Slim>().collect().await.unwrap();
        assert_eq!(all.len(), 1000);
    }
}

#[tokio::test]
async fn less_is_read_than_there_is() {
    let records: Vec<Sample> = (0..100_000).map(sample).collect();
    let store = Store::memory();
    let told: Arc<Mutex<Progress>> = Arc::default();
    let tell = Arc::clone(&told);
    let dataset = Dataset::<Sample>::new(&store, "samples")
        .unwrap()
        .codec(Parquet::new())
        .on_progress(move |progress| *tell.lock().unwrap() = progress);
    let snapshot = dataset.write(&records, Metadata::empty()).await.unwrap();
    let size = snapshot.size_bytes();
    let few = Sample::columns().id.ge(20_000) & Sample::columns().id.lt(20_010);
    let found = dataset.scan(&snapshot).filter(few).collect().await.unwrap();
    assert!(same(&found, &records[20_000..20_010]));
    let read = told.lock().unwrap().bytes;
    // The rest is mostly dictionaries of columns whose values hardly repeat.
    assert!(read < size / 2, "{read} of {size}");

    let slim = dataset.scan(&snapshot).select::<Slim>().collect().await.unwrap();
    assert_eq!(slim.len(), 100_000);
    let read = told.lock().unwrap().bytes;
    let file = metadata_of(&stored(&store, &snapshot).await[0]);
    let columns = file.row_group(0).columns();
    let two: i64 = columns[0].compressed_size() + columns[1].compressed_size();
    // The footer and the indexes come on top.
    assert!(read < two as u64 + (64 << 10) + (32 << 10), "{read} of {size}, {two}");
}

/// What only a whole record tells: the default of a field that the file has not.
#[tokio::test]
async fn a_default_that_a_file_lacks() {
    #[derive(Debug, Clone, PartialEq, Serialize, Deserialize, Record)]
    #[lode(crate = crate)]
    struct Old {
        id: u32,
    }
    fn seven() -> u32 {
        7
    }
    #[derive(Debug, Clone, PartialEq, Serialize, Deserialize, Record)]
    #[lode(crate = crate)]
    struct New {
        id: u32,
        #[serde(default = "seven")]
        lucky: u32,
        later: Option<String>,
    }
    let store = Store::memory();
    let old = Dataset::<Old>::new(&store, "evolving").unwrap().codec(Parquet::new());
    old.write(&[Old { id: 1 }, Old { id: 2 }], Metadata::empty()).await.unwrap();
    let new = Dataset::<New>::new(&store, "evolving").unwrap().codec(Parquet::new());
    let more = [New { id: 3, lucky: 1, later: Some("x".into()) }];
    let both = new.append(&more, Metadata::empty()).await.unwrap();
    let ids = async |predicate| {
        let found = new.scan(&both).filter(predicate).collect().await.unwrap();
        let mut ids: Vec<u32> = found.iter().map(|record| record.id).collect();
        ids.sort_unstable();
        ids
    };
    assert_eq!(ids(New::columns().lucky.eq(7)).await, [1, 2]);
    assert_eq!(ids(New::columns().lucky.lt(7)).await, [3]);
    assert_eq!(ids(New::columns().later.is_null()).await, [1, 2]);
    assert_eq!(ids(!New::columns().later.is_null()).await, [3]);
}

/// The same rows as batches, of Parquet and of lines.
#[tokio::test]
async fn batches_of_arrow() {
    use futures::TryStreamExt;

    use crate::record::columnar::{BatchReader, arrow_schema};

    let records: Vec<Sample> = (0..1000).map(sample).collect();
    let wanted = Sample::columns().id.ge(100) & Sample::columns().id.lt(900);
    let schema = arrow_schema::<Sample>(&ColumnOptions::default());
    let store = Store::memory();
    let finite: Vec<Slim> =
        records.iter().map(|it| Slim { id: it.id, name: it.name.clone() }).collect();
    let parquet = Dataset::<Sample>::new(&store, "samples").unwrap();
    let parquet = parquet.codec(Parquet::new().row_group_rows(300));
    let snapshot = parquet.write(&records, Metadata::empty()).await.unwrap();
    let mut found: Vec<Sample> = Vec::new();
    let mut batches = parquet.scan(&snapshot).filter(wanted).record_batches();
    while let Some(batch) = batches.try_next().await.unwrap() {
        assert_eq!(batch.schema(), schema);
        BatchReader::open(&batch).unwrap().read(0..batch.num_rows(), &mut found).unwrap();
    }
    assert!(same(&found, &records[100..900]));

    let lines = Dataset::<Slim>::new(&store, "lines").unwrap();
    let snapshot = lines.write(&finite, Metadata::empty()).await.unwrap();
    let batches: Vec<_> = lines.scan(&snapshot).record_batches().try_collect().await.unwrap();
    let mut found: Vec<Slim> = Vec::new();
    for batch in batches {
        BatchReader::open(&batch).unwrap().read(0..batch.num_rows(), &mut found).unwrap();
    }
    assert_eq!(found, finite);
}

/// A record that passes and is none of the wanted type: the same is said however records are taken.
#[tokio::test]
async fn what_cannot_be_selected_is_an_error() {
    #[derive(Debug, Serialize, Deserialize, Record)]
    #[lode(crate = crate)]
    struct Any {
        id: u64,
        #[lode(json)]
        value: serde_json::Value,
    }
    #[derive(Debug, Serialize, Deserialize, Record)]
    #[lode(crate = crate)]
    struct Number {
        #[lode(json)]
        value: u8,
    }
    let store = Store::memory();
    let codec = Parquet::new().row_group_rows(3000);
    let dataset = Dataset::<Any>::new(&store, "any").unwrap().codec(codec);
    let value = |id: u64| if id == 7000 { "seven".into() } else { (id % 9).into() };
    let records: Vec<Any> = (0..9000).map(|id| Any { id, value: value(id) }).collect();
    let written = dataset.write(&records, Metadata::empty()).await.unwrap();
    let id = || Any::columns().id;

    let fine = dataset.scan(&written).filter(id().ne(7000)).select::<Number>();
    let fine = fine.collect().await.unwrap();
    assert!(fine.len() == 8999 && fine.iter().all(|it| it.value < 9));

    let collected = dataset.scan(&written).select::<Number>().collect().await.unwrap_err();
    let streamed = dataset.scan(&written).filter(id().gt(6500)).select::<Number>().stream();
    let streamed = streamed.try_collect::<Vec<_>>().await.unwrap_err();
    for error in [collected, streamed] {
        let text = crate::error::chain(&error);
        assert!(matches!(error, Error::Decode { .. }), "{text}");
        assert!(text.contains("a record that passed: field `value`: invalid type"), "{text}");
        assert!(text.contains(&written.files()[0].path), "{text}");
    }
}
