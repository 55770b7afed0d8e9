//! Bloom filters: no value that is there is ruled out, and row groups are that do not have one.

use std::sync::Mutex;

use super::*;
use crate::{Predicate, Progress};

/// Every kind of column that can have a filter. Values repeat nowhere near, so that bounds say nothing.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, Record)]
#[lode(crate = crate)]
struct Keyed {
    id: u64,
    #[lode(bloom)]
    text: String,
    #[lode(bloom)]
    maybe: Option<String>,
    #[lode(bloom)]
    raw: crate::Bytes,
    #[lode(bloom)]
    tiny: i8,
    #[lode(bloom)]
    byte: u8,
    #[lode(bloom)]
    short: i16,
    #[lode(bloom)]
    int: i32,
    #[lode(bloom)]
    unsigned: u32,
    #[lode(bloom)]
    long: i64,
    #[lode(bloom)]
    longest: u64,
    #[lode(bloom)]
    day: NaiveDate,
    #[lode(bloom)]
    when: DateTime<Utc>,
    #[lode(bloom)]
    #[cfg(feature = "uuid")]
    key: uuid::Uuid,
}

fn hash(n: u64) -> u64 {
    let mut hash = (n + 1).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    hash ^= hash >> 29;
    hash = hash.wrapping_mul(0xbf58_476d_1ce4_e5b9);
    hash ^ (hash >> 32)
}

fn keyed(id: u64) -> Keyed {
    let hash = hash(id);
    Keyed {
        id,
        text: format!("{hash:016x}"),
        maybe: (!id.is_multiple_of(3)).then(|| format!("{:04x}", hash >> 48)),
        raw: crate::Bytes::from(hash.to_le_bytes().to_vec()),
        tiny: hash as i8,
        byte: hash as u8,
        short: hash as i16,
        int: hash as i32,
        unsigned: hash as u32,
        long: hash as i64,
        longest: hash,
        day: NaiveDate::from_ymd_opt(1970, 1, 1).unwrap() + chrono::Days::new(hash % 100_000),
        when: Utc.timestamp_nanos((hash >> 8) as i64 / 1000 * 1000),
        #[cfg(feature = "uuid")]
        key: uuid::Uuid::from_u64_pair(hash, !hash),
    }
}

/// Each asks for what one record has.
fn questions(of: &Keyed) -> Vec<Predicate<Keyed>> {
    let c = Keyed::columns;
    let mut questions = vec![
        c().text.eq(of.text.as_str()),
        c().raw.eq(&of.raw),
        c().tiny.eq(of.tiny),
        c().byte.eq(of.byte),
        c().short.eq(of.short),
        c().int.eq(of.int),
        c().unsigned.eq(of.unsigned),
        c().long.eq(of.long),
        c().longest.eq(of.longest),
        c().day.eq(of.day),
        c().when.eq(of.when),
        c().text.is_in(["nothing", of.text.as_str()]),
        !c().text.ne(of.text.as_str()),
        c().text.eq("nothing") | c().long.eq(of.long),
        c().text.eq(of.text.as_str()) & !c().long.eq(of.long.wrapping_add(1)),
    ];
    match &of.maybe {
        Some(maybe) => questions.push(c().maybe.eq(maybe.as_str())),
        None => questions.push(!c().maybe.eq("nothing") | c().maybe.is_null() & c().id.eq(of.id)),
    }
    #[cfg(feature = "uuid")]
    questions.push(c().key.eq(of.key));
    questions
}

#[tokio::test]
async fn what_is_there_is_found() {
    let records: Vec<Keyed> = (0..600).map(keyed).collect();
    for unit in [TimeUnit::Nanosecond, TimeUnit::Microsecond] {
        let codec = Parquet::new().row_group_rows(50).timestamps(unit);
        let store = Store::memory();
        let dataset = Dataset::<Keyed>::new(&store, "keyed").unwrap().codec(codec);
        let snapshot = dataset.write(&records, Metadata::empty()).await.unwrap();
        for record in records.iter().step_by(97) {
            // A filter is only asked if it has fewer bytes than what it can save.
            let wide = Keyed::columns().text.ne("") & Keyed::columns().raw.ne(b"");
            for question in questions(record).into_iter().map(|it| it & wide.clone()) {
                let passes = |it: &&Keyed| question.matches(it) == Some(true);
                let expected: Vec<_> = records.iter().filter(passes).cloned().collect();
                assert!(!expected.is_empty(), "{question}");
                let scan = dataset.scan(&snapshot).filter(question.clone());
                assert_eq!(scan.collect().await.unwrap(), expected, "{question}");
            }
        }
    }
}

/// Fields that have become wider, and have another name, since the filters were made.
#[tokio::test]
async fn what_is_there_is_found_by_later_records() {
    #[derive(Debug, Clone, PartialEq, Serialize, Deserialize, Record)]
    #[lode(crate = crate)]
    struct Later {
        id: u64,
        text: String,
        #[lode(bloom)]
        short: i64,
        #[lode(bloom)]
        #[serde(alias = "byte")]
        number: Option<u32>,
        #[lode(bloom)]
        #[serde(default)]
        new: Option<String>,
    }
    let records: Vec<Keyed> = (0..600).map(keyed).collect();
    let store = Store::memory();
    let codec = || Parquet::new().row_group_rows(50);
    let dataset = Dataset::<Keyed>::new(&store, "keyed").unwrap().codec(codec());
    dataset.write(&records, Metadata::empty()).await.unwrap();
    let dataset = Dataset::<Later>::new(&store, "keyed").unwrap().codec(codec());
    let snapshot = dataset.latest().await.unwrap().unwrap();
    let c = Later::columns;
    for of in records.iter().step_by(97) {
        let ids = async |question: Predicate<Later>| {
            let question = question & c().text.ne("");
            let found = dataset.scan(&snapshot).filter(question).collect().await.unwrap();
            found.iter().map(|it| it.id).collect::<Vec<_>>()
        };
        let expected = |is: fn(&Keyed, &Keyed) -> bool| {
            records.iter().filter(|it| is(it, of)).map(|it| it.id).collect::<Vec<_>>()
        };
        let by_short = ids(c().short.eq(i64::from(of.short))).await;
        assert_eq!(by_short, expected(|a, b| a.short == b.short));
        let by_number = ids(c().number.eq(u32::from(of.byte))).await;
        assert_eq!(by_number, expected(|a, b| a.byte == b.byte));
    }
    for never in [c().new.eq("x"), c().short.eq(i64::MAX), c().number.eq(u32::MAX)] {
        assert_eq!(dataset.scan(&snapshot).filter(never).count().await.unwrap(), 0);
    }
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, Record)]
#[lode(crate = crate)]
struct Plain {
    id: u64,
    text: String,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, Record)]
#[lode(crate = crate)]
struct Bloomed {
    #[lode(bloom)]
    id: u64,
    #[lode(bloom)]
    text: String,
}

/// How many records pass, and how many bytes were read for it.
async fn asked<T: Record>(records: &[T], question: Predicate<T>) -> (u64, u64, u64) {
    let told: Arc<Mutex<Progress>> = Arc::default();
    let tell = Arc::clone(&told);
    let dataset = Dataset::<T>::new(&Store::memory(), "d")
        .unwrap()
        .codec(Parquet::new().row_group_rows(5000).page_rows(100).dictionary("id", false))
        .on_progress(move |progress| *tell.lock().unwrap() = progress);
    let snapshot = dataset.write(records, Metadata::empty()).await.unwrap();
    let found = dataset.scan(&snapshot).filter(question.clone()).collect().await.unwrap();
    let read = told.lock().unwrap().bytes;
    let count = dataset.scan(&snapshot).filter(question).count().await.unwrap();
    assert_eq!(count, found.len() as u64);
    let counted = told.lock().unwrap().bytes;
    (count, read, counted)
}

#[tokio::test]
async fn row_groups_are_not_read_that_do_not_have_it() {
    let text = |id: u64| format!("{:016x}", hash(id));
    let plain: Vec<_> = (0..50_000).map(|id| Plain { id, text: text(id) }).collect();
    let bloomed: Vec<_> = (0..50_000).map(|id| Bloomed { id, text: text(id) }).collect();
    for (wanted, found) in [(text(31_111), 1), (format!("{:016x}", u64::MAX / 3), 0)] {
        let without = asked(&plain, Plain::columns().text.eq(wanted.as_str())).await;
        let with = asked(&bloomed, Bloomed::columns().text.eq(wanted.as_str())).await;
        assert_eq!((without.0, with.0), (found, found));
        assert!(with.1 * 2 < without.1, "{} and {} bytes", with.1, without.1);
        assert!(with.2 <= with.1 && without.2 <= without.1, "{with:?} {without:?}");
    }
}

/// The bounds of pages leave less to read than the filter has bytes: it is not asked.
#[tokio::test]
async fn a_filter_is_not_read_where_it_saves_nothing() {
    let text = |id: u64| format!("{:016x}", hash(id));
    let plain: Vec<_> = (0..50_000).map(|id| Plain { id, text: text(id) }).collect();
    let bloomed: Vec<_> = (0..50_000).map(|id| Bloomed { id, text: text(id) }).collect();
    let without = asked(&plain, Plain::columns().id.eq(31_111)).await;
    let with = asked(&bloomed, Bloomed::columns().id.eq(31_111)).await;
    assert_eq!((without.0, with.0), (1, 1));
    // A filter has some 8 kB.
    assert!(with.1 < without.1 + 1000, "{} and {} bytes", with.1, without.1);
}

/// A filter that was damaged can say anything but must not stop a scan.
#[tokio::test]
async fn a_damaged_filter_is_no_panic() {
    let records: Vec<_> = (0..100).map(|id| Bloomed { id, text: format!("{id}") }).collect();
    let store = Store::memory();
    let dataset = Dataset::<Bloomed>::new(&store, "d").unwrap().codec(Parquet::new());
    let snapshot = dataset.write(&records, Metadata::empty()).await.unwrap();
    let bytes = stored(&store, &snapshot).await.remove(0);
    let column = metadata_of(&bytes).row_group(0).column(1).clone();
    let start = column.bloom_filter_offset().unwrap() as usize;
    let len = column.bloom_filter_length().unwrap() as usize;
    let mut unread = 0;
    let header = start..start + 24;
    for at in header.chain((start + 24..start + len).step_by(97)) {
        for bits in [0x01, 0x80, 0xff] {
            let mut damaged = bytes.clone();
            damaged[at] ^= bits;
            store.put_hint(&snapshot.files()[0].path, damaged.into()).await.unwrap();
            let found = dataset.scan(&snapshot).filter(Bloomed::columns().text.eq("7"));
            let found = found.collect().await.unwrap();
            assert!(found.is_empty() || found == records[7..8]);
            let none = dataset.scan(&snapshot).filter(Bloomed::columns().text.eq("x"));
            unread += none.count().await.unwrap();
        }
    }
    assert_eq!(unread, 0);
}
