//! Opening stores, and keys.

use std::sync::Arc;

use lode::{Blob, Dataset, Durability, Error, HiveLayout, Record, Store, Volume, metadata};
use object_store::ObjectStore;

use crate::support::contents;

#[test]
fn a_local_store_needs_a_directory_that_exists() {
    let dir = tempfile::tempdir().unwrap();
    let missing = dir.path().join("missing");
    let error = Store::local(&missing).unwrap_err();
    assert!(error.is_not_found(), "{error}");
    assert!(error.to_string().contains("missing"), "{error}");
    assert!(!missing.exists(), "nothing is created behind your back");

    let file = dir.path().join("file");
    std::fs::write(&file, "x").unwrap();
    let error = Store::local(&file).unwrap_err();
    assert!(matches!(error, Error::StoreUnavailable { .. }), "{error}");
    assert!(Store::local_with(dir.path(), Durability::None).is_ok());
}

#[tokio::test]
async fn urls_name_stores() {
    let dir = tempfile::tempdir().unwrap();
    let url = format!("file://{}", dir.path().display());
    let opened = Dataset::<Blob>::new(&Store::open(&url).unwrap(), "backups").unwrap();
    opened.write(b"all of it", metadata! {}).await.unwrap();
    let direct = Dataset::<Blob>::new(&Store::local(dir.path()).unwrap(), "backups").unwrap();
    assert!(direct.latest().await.unwrap().is_some());

    assert!(Store::open("memory:///team").is_ok());
    for url in ["", "no url", "ftp://host/x", "file:///does/not/exist"] {
        assert!(Store::open(url).is_err(), "{url}");
    }
}

#[test]
fn secrets_in_urls_are_not_repeated() {
    for url in [
        "ftp://user:secret@host/x?token=secret#secret",
        "user:x@//secret",
        // Not URLs: the port is none, a host has no spaces.
        "http://user:secret@host:port/x",
        "s3://user:secret@a bucket/x",
        "user:secret@host",
        // The parser leaves tabs and line breaks out, and encodes others.
        "ftp://user:secret@host/a\tb?token=secret",
        "ftp://user:secret@host/a b\n?token=secret\\x#secret\"",
    ] {
        let error = Store::open(url).unwrap_err();
        let all = format!("{error} {error:?}");
        assert!(!all.contains("secret"), "{all}");
    }
}

/// What a store's own `Debug` says, such as credentials, is in that of no handle.
#[tokio::test]
async fn handles_do_not_show_the_store_inside() {
    let inner = object_store::memory::InMemory::new();
    let inner = object_store::prefix::PrefixStore::new(inner, "secret");
    assert!(format!("{inner:?}").contains("secret"));
    let store = Store::from(Arc::new(inner) as Arc<dyn ObjectStore>);
    let places = Dataset::<Place>::new(&store, "places").unwrap();
    let transaction = places.begin(metadata! {}).await.unwrap();
    let volume = Volume::create(&store, "v", 10).unwrap();
    let staged = volume.stage_write_at(0, b"x").await.unwrap();
    let report = store.check().await;
    let all = [
        format!("{store:?}"),
        format!("{places:?} {transaction:?} {:?}", transaction.writer()),
        format!("{volume:?} {staged:?} {:?}", volume.stager()),
        format!("{report:?} {report}"),
        format!("{:?}", places.record_writer(metadata! {}).await.unwrap()),
        format!("{:?}", transaction.commit().await.unwrap()),
        format!("{:?}", staged.commit(metadata! {}).await.unwrap()),
        format!("{:?}", lode::Catalog::new(&store)),
    ];
    for text in all {
        assert!(!text.contains("secret"), "{text}");
    }
}

#[tokio::test]
async fn a_prefix_is_a_part_of_its_store() {
    let memory = crate::support::memory();
    let whole = Store::from(Arc::clone(&memory) as Arc<dyn ObjectStore>);
    let part = whole.clone().prefixed("team").unwrap().prefixed("a b%20ä").unwrap();
    let backups = Dataset::<Blob>::new(&part, "backups").unwrap();
    let snapshot = backups.write(b"all of it", metadata! {}).await.unwrap();
    assert_eq!(backups.snapshots().await.unwrap(), [snapshot.id()]);
    for key in contents(&*memory).await.keys() {
        assert!(key.starts_with("team/a b%20ä/datasets/backups/"), "{key}");
    }
    let other = Dataset::<Blob>::new(&whole.clone().prefixed("team/a").unwrap(), "backups");
    assert!(other.unwrap().latest().await.unwrap().is_none());
    for prefix in ["/x", "x/", "a//b", "..", "a/./b", "a\nb"] {
        let error = whole.clone().prefixed(prefix).unwrap_err().to_string();
        assert!(error.starts_with("cannot use \"") && error.contains("prefix"), "{error}");
    }
}

#[derive(Debug, Clone, PartialEq, serde::Serialize, serde::Deserialize, Record)]
struct Place {
    #[lode(partition)]
    name: String,
}

/// `object_store::path::Path::from` would encode `%` again.
#[tokio::test]
async fn keys_reach_the_store_byte_for_byte() {
    let dir = tempfile::tempdir().unwrap();
    let places = Dataset::<Place>::new(&Store::local(dir.path()).unwrap(), "places").unwrap();
    let places = places.layout(HiveLayout);
    let place = Place { name: "50 %/ä#1".to_owned() };
    let snapshot = places.write(std::slice::from_ref(&place), metadata! {}).await.unwrap();
    let path = &snapshot.files()[0].path;
    assert!(path.starts_with("datasets/places/partitions/name=50%20%25%2F%C3%A4%231/"), "{path}");
    assert!(dir.path().join(path).is_file(), "the key is the path on disk");
    assert_eq!(places.read(&snapshot).await.unwrap(), [place]);
}
