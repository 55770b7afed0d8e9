//! Reads that break off without an error, and answers that are something else.

use std::sync::{Arc, Mutex};

use futures::TryStreamExt;
use lode::{Blob, Dataset, Error, Volume, metadata};
use object_store::ObjectStore;

use super::cases::{self, OLD, Way};
use crate::support::rows::numbers;
use crate::support::script::Rule;
use crate::support::{Class, Fault, FaultStore, Op, Row, contents, memory, put, rows};

/// A manifest that arrives in part is not a damaged one: a commit that landed is not reported as failed.
#[tokio::test(start_paused = true)]
async fn a_short_read_of_a_manifest_is_no_damage() {
    for case in cases::all() {
        let base = case.history().await;
        let looks = {
            let probe = FaultStore::new(Arc::new(base.fork()));
            case.run(&probe.store()).await.unwrap();
            probe.counts().on(Op::Get, Class::Manifest)
        };
        let faulty = FaultStore::new(Arc::new(base.fork()));
        faulty.rule(Rule::on(Op::Create, Class::Manifest, Fault::After));
        faulty.rule(Rule::on(Op::Get, Class::Manifest, Fault::Short).skip(looks));
        assert_eq!(case.run(&faulty.store()).await.unwrap(), OLD + 1, "{case:?}");
        assert_eq!(faulty.fired(), 2);
        assert_eq!(case.check(faulty.inner()).await, OLD + 1);

        // Without a commit to settle, it is the store that failed.
        let faulty = FaultStore::new(Arc::new(base.fork()));
        faulty.rule(Rule::on(Op::Get, Class::Manifest, Fault::Short));
        let error = case.run(&faulty.store()).await.unwrap_err();
        assert!(matches!(error, Error::Storage { .. }) && error.is_retryable(), "{error:?}");
    }
}

/// The answer to the look at what stands there is a proxy's page: whether the commit landed is not known by
/// it.
#[tokio::test(start_paused = true)]
async fn a_page_in_place_of_a_manifest_settles_nothing() {
    for case in
        cases::all().into_iter().filter(|case| matches!(case.way, Way::Append | Way::WriteBlob))
    {
        let base = case.history().await;
        let looks = {
            let probe = FaultStore::new(Arc::new(base.fork()));
            case.run(&probe.store()).await.unwrap();
            probe.counts().on(Op::Get, Class::Manifest)
        };
        for for_ever in [false, true] {
            let faulty = FaultStore::new(Arc::new(base.fork()));
            let (inner, whole) = (Arc::clone(faulty.inner()), Arc::new(Mutex::new(None)));
            let page = Fault::run({
                let (inner, whole) = (Arc::clone(&inner), Arc::clone(&whole));
                move || exchange(Arc::clone(&inner), Arc::clone(&whole), true)
            });
            let again = Fault::run({
                let (inner, whole) = (Arc::clone(&inner), Arc::clone(&whole));
                move || exchange(Arc::clone(&inner), Arc::clone(&whole), false)
            });
            faulty.rule(Rule::on(Op::Create, Class::Manifest, Fault::After));
            faulty.rule(Rule::on(Op::Get, Class::Manifest, page).skip(looks));
            if !for_ever {
                faulty.rule(Rule::on(Op::Get, Class::Manifest, again).skip(looks));
            }
            match (for_ever, case.run(&faulty.store()).await) {
                (false, Ok(id)) => assert_eq!(id, OLD + 1),
                (true, Err(Error::CommitUnknown { token, source })) => {
                    assert!(source.to_string().contains("manifest.json"), "{source}");
                    assert!(!format!("{token:?}").contains("metadata"), "{token:?}");
                    exchange(Arc::clone(&inner), whole, false).await;
                    let resolved = case.resolve(&faulty.store(), *token).await.unwrap();
                    assert_eq!(resolved, Some(OLD + 1));
                }
                (_, outcome) => panic!("{case:?}, {for_ever}: {outcome:?}"),
            }
            assert_eq!(case.check(faulty.inner()).await, OLD + 1);
        }
    }
}

/// Puts a page in the place of the manifest that was made, or the manifest again.
async fn exchange(
    inner: Arc<dyn ObjectStore>,
    whole: Arc<Mutex<Option<bytes::Bytes>>>,
    to_page: bool,
) {
    let id = format!("{:019}/manifest.json", OLD + 1);
    let found = contents(&*inner).await.into_iter().find(|(key, _)| key.ends_with(&id));
    let Some((key, body)) = found else { panic!("it has not landed") };
    let body = match to_page {
        true => {
            *whole.lock().unwrap() = Some(body);
            "<html>busy</html>".into()
        }
        false => whole.lock().unwrap().clone().unwrap(),
    };
    put(&*inner, &key, body).await;
}

/// Data that arrive in part are not damaged, and the same call may succeed when it is made again.
#[tokio::test]
async fn a_short_read_of_data_is_no_damage() {
    let faulty = FaultStore::new(memory());
    let store = faulty.store();
    let records = Dataset::<Row>::new(&store, "records").unwrap();
    let snapshot = records.write(&rows(0..100), metadata! {}).await.unwrap();
    let blobs = Dataset::<Blob>::new(&store, "blobs").unwrap();
    let blob = blobs.write(&[7; 10_000], metadata! {}).await.unwrap();
    let transaction = records.begin(metadata! {}).await.unwrap();
    transaction.attach("notes", [7; 10_000]).await.unwrap();
    let noted = transaction.commit().await.unwrap();
    let volume = Volume::create(&store, "disk", 1 << 20).unwrap();
    let staged = volume.stage_write_at(0, vec![7; 10_000]).await.unwrap();
    let (block, session) = (staged.staged_blocks().remove(0), staged.session());
    drop(staged);

    let short = || faulty.rule(Rule::on(Op::Get, Class::Data, Fault::Short));
    let is_storage = |what: &str, error: Error| {
        assert!(matches!(error, Error::Storage { .. }), "{what}: {error:?}");
        assert!(error.is_retryable() && !error.is_corrupt(), "{what}: {error}");
    };
    short();
    is_storage("read", numbers(&records, &snapshot).await.unwrap_err());
    short();
    is_storage("stream", records.stream(&snapshot).try_collect::<Vec<_>>().await.unwrap_err());
    short();
    is_storage("read_blob", blobs.read_blob(&blob).await.unwrap_err());
    short();
    is_storage("stream_blob", blobs.stream_blob(&blob).try_collect::<Vec<_>>().await.unwrap_err());
    short();
    is_storage("attachment", records.attachment(&noted, "notes").await.unwrap_err());
    short();
    is_storage("accept", volume.accept_verified(block.clone()).await.unwrap_err());
    short();
    is_storage("resume", volume.resume(session).verify_content().await.unwrap_err());
    short();
    let report = records.verify(lode::VerifyLevel::Content).await.unwrap();
    let [problem] = report.problems() else { panic!("{report}") };
    assert_eq!(problem.kind, lode::ProblemKind::Unreachable, "{report}");

    assert_eq!(numbers(&records, &snapshot).await.unwrap().len(), 100);
    drop(volume.accept_verified(block).await.unwrap());
}
