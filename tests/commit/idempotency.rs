//! Idempotency keys across races, lost replies and many commits.

use std::sync::Arc;

use lode::{Dataset, Error, FlatLayout, HiveLayout, OnConflict, SnapshotId, metadata};

use crate::support::ambient::uuid;
use crate::support::forge;
use crate::support::script::Rule;
use crate::support::{Class, Fault, FaultStore, Op, Row, contents, lode_store, memory, rows};

async fn start() -> (FaultStore, Dataset<Row>) {
    let faulty = FaultStore::new(memory());
    let dataset = Dataset::<Row>::new(&faulty.store(), "d").unwrap();
    dataset.write(&rows(0..3), metadata! {}).await.unwrap();
    (faulty, dataset)
}

/// Before the next manifest is put, another handle commits with this key, and then `after` more.
fn race(faulty: &FaultStore, key: &'static str, after: u64) {
    let inner = Arc::clone(faulty.inner());
    let twin = Fault::run(move || {
        let store = lode_store(Arc::clone(&inner));
        async move {
            let other = Dataset::<Row>::new(&store, "d").unwrap();
            let write = other.append(&rows(50..51), metadata! {}).idempotency_key(key).await;
            write.unwrap();
            for n in 0..after {
                other.append(&rows(60 + n..61 + n), metadata! {}).await.unwrap();
            }
        }
    });
    faulty.rule(Rule::on(Op::Create, Class::Manifest, twin));
}

#[tokio::test(start_paused = true)]
async fn the_same_key_in_a_race_is_one_commit() {
    for after in [0, 1, 5, 70] {
        let (faulty, dataset) = start().await;
        race(&faulty, "k", after);
        let append = dataset.append(&rows(10..11), metadata! {}).idempotency_key("k").await;
        assert_eq!(append.unwrap().id().get(), 2);
        assert_eq!(dataset.latest().await.unwrap().unwrap().id().get(), 2 + after);

        // A hit comes before any conflict is returned: of a replacing write, …
        let (faulty, dataset) = start().await;
        race(&faulty, "k", after);
        let write = dataset.write(&rows(10..11), metadata! {}).idempotency_key("k").await;
        assert_eq!(write.unwrap().id().get(), 2);
        // … of an expected head, …
        let (faulty, dataset) = start().await;
        race(&faulty, "k", after);
        let head = SnapshotId::new(1).unwrap();
        let write = dataset
            .append(&rows(10..11), metadata! {})
            .expect_head(Some(head))
            .idempotency_key("k")
            .await;
        assert_eq!(write.unwrap().id().get(), 2);
        // … and of a policy that forbids rebasing.
        let (faulty, dataset) = start().await;
        race(&faulty, "k", after);
        let dataset = dataset.on_conflict(OnConflict::Fail);
        let write = dataset.append(&rows(10..11), metadata! {}).idempotency_key("k").await;
        assert_eq!(write.unwrap().id().get(), 2);
        // Another key is another write.
        race(&faulty, "other", after);
        let write = dataset.append(&rows(10..11), metadata! {}).idempotency_key("mine").await;
        assert!(write.unwrap_err().is_conflict());
    }
}

#[tokio::test(start_paused = true)]
async fn a_key_is_found_for_64_commits() {
    let (faulty, dataset) = start().await;
    dataset.append(&rows(3..4), metadata! {}).idempotency_key("k").await.unwrap();
    for n in 0..63 {
        dataset.append(&rows(100 + n..101 + n), metadata! {}).await.unwrap();
    }
    faulty.clear();
    let fresh = Dataset::<Row>::new(&faulty.store(), "d").unwrap();
    // Looked for before the expected head is compared.
    let again = fresh.write(&rows(3..4), metadata! {}).expect_head(None).idempotency_key("k").await;
    assert_eq!(again.unwrap().id().get(), 2);
    assert_eq!(faulty.counts().puts(), 0);
    // One more, and it is not found any more, as the documentation says.
    dataset.append(&rows(200..201), metadata! {}).await.unwrap();
    let again = fresh.append(&rows(3..4), metadata! {}).idempotency_key("k").await.unwrap();
    assert_eq!(again.id().get(), 67);
}

#[tokio::test(start_paused = true)]
async fn a_key_of_an_expired_commit_is_never_used_again() {
    let (faulty, dataset) = start().await;
    dataset.append(&rows(3..4), metadata! {}).idempotency_key("k").await.unwrap();
    dataset.append(&rows(4..5), metadata! {}).await.unwrap();
    forge::expire(&**faulty.inner(), "d", 2).await;
    let again = dataset.append(&rows(3..4), metadata! {}).idempotency_key("k").await;
    assert!(matches!(again, Err(Error::Expired { id, .. }) if id.get() == 2), "{again:?}");

    // Committed and expired while this write was on its way.
    let (faulty, dataset) = start().await;
    let inner = Arc::clone(faulty.inner());
    let twin = Fault::run(move || {
        let inner = Arc::clone(&inner);
        async move {
            let other = Dataset::<Row>::new(&lode_store(Arc::clone(&inner)), "d").unwrap();
            let write = other.append(&rows(50..51), metadata! {}).idempotency_key("k").await;
            write.unwrap();
            other.append(&rows(51..52), metadata! {}).await.unwrap();
            forge::expire(&*inner, "d", 2).await;
        }
    });
    faulty.rule(Rule::on(Op::Create, Class::Manifest, twin));
    let again = dataset.append(&rows(3..4), metadata! {}).idempotency_key("k").await;
    assert!(matches!(again, Err(Error::Expired { id, .. }) if id.get() == 2), "{again:?}");
    assert_eq!(dataset.latest().await.unwrap().unwrap().id().get(), 3);
}

#[tokio::test(start_paused = true)]
async fn a_writer_that_was_opened_with_a_committed_key_writes_nothing() {
    let (faulty, dataset) = start().await;
    dataset.append(&rows(3..4), metadata! {}).idempotency_key("k").await.unwrap();
    faulty.clear();
    let mut writer = dataset.record_writer(metadata! {}).idempotency_key("k").await.unwrap();
    for row in rows(0..1000) {
        writer.push(&row).await.unwrap();
    }
    assert_eq!(writer.commit().await.unwrap().id().get(), 2);
    let stream = dataset.stream_write_records(rows(0..9), metadata! {}).idempotency_key("k");
    assert_eq!(stream.await.unwrap().id().get(), 2);
    assert_eq!(faulty.counts().puts(), 0);
}

/// A token that was changed on its way is refused, and nothing is written.
#[tokio::test(start_paused = true)]
async fn a_token_that_is_not_what_it_was_is_refused() {
    let (faulty, dataset) = start().await;
    faulty.rule(Rule::on(Op::Create, Class::Manifest, Fault::Before).for_ever());
    let error = dataset.append(&rows(10..11), metadata! {}).await.unwrap_err();
    let Error::CommitUnknown { token, .. } = error else { panic!("{error}") };
    faulty.heal();
    let before = contents(&**faulty.inner()).await;
    let other = Dataset::<Row>::new(&faulty.store(), "other").unwrap();
    let error = other.resolve((*token).clone()).await.unwrap_err();
    assert!(error.is_not_found(), "{error}");

    let good = serde_json::to_value(&*token).unwrap();
    let manifest = good["manifest"].as_str().unwrap();
    let changes = [
        ("id", "0000000000000000003".to_owned()),
        ("path", forge::manifest_key("d", 3)),
        ("write_id", uuid(5).simple().to_string()),
        ("manifest", manifest[..manifest.len() / 2].to_owned()),
        ("manifest", manifest.replace("datasets/d/", "datasets/e/")),
        ("manifest", "{}".to_owned()),
    ];
    for (field, text) in changes {
        let mut bad = good.clone();
        bad[field] = serde_json::json!(text);
        let error = dataset.resolve(serde_json::from_value(bad).unwrap()).await.unwrap_err();
        assert!(matches!(error, Error::ManifestInvalid { .. }), "{field}: {error}");
    }
    assert_eq!(contents(&**faulty.inner()).await, before);
    let good = serde_json::from_value(good).unwrap();
    assert_eq!(dataset.resolve(good).await.unwrap().unwrap().id().get(), 2);
}

/// A handle that was opened without the layout would begin a second history, and say that it is committed.
#[tokio::test(start_paused = true)]
async fn a_token_is_resolved_in_its_own_layout_only() {
    let faulty = FaultStore::new(memory());
    let dataset = || Dataset::<Row>::new(&faulty.store(), "d").unwrap();
    let hive = dataset().layout(HiveLayout);
    hive.append(&rows(0..1), metadata! {}).await.unwrap();
    faulty.rule(Rule::on(Op::Create, Class::Manifest, Fault::Before).for_ever());
    let error = hive.append(&rows(1..2), metadata! {}).await.unwrap_err();
    let Error::CommitUnknown { token, .. } = error else { panic!("{error}") };
    faulty.heal();
    let before = contents(&**faulty.inner()).await;
    for error in [
        dataset().resolve((*token).clone()).await.unwrap_err(),
        dataset().layout(FlatLayout).resolve((*token).clone()).await.unwrap_err(),
    ] {
        assert!(matches!(error, Error::LayoutMismatch { found: "hive", .. }), "{error}");
    }
    assert_eq!(contents(&**faulty.inner()).await, before);
    assert_eq!(hive.resolve(*token).await.unwrap().unwrap().id().get(), 2);
}
