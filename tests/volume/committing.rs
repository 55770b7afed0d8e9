//! Commits that fail, and give back what was to be committed.

use lode::{CommitError, Error, Store, Volume, metadata};

use super::{
    LEN, assert_holds, block_objects, bytes, committed, manifest_key, new, open, snapshot, stage,
};
use crate::support::script::Rule;
use crate::support::{Class, Fault, FaultStore, Op, contents, get, lode_store, memory};

#[derive(Debug, PartialEq, serde::Serialize, serde::Deserialize, lode::Metadata)]
struct Step {
    name: String,
    number: u32,
}

#[tokio::test]
async fn metadata_is_typed() {
    let store = Store::memory();
    let staged = new(&store, "disk").stage_write_at(0, b"x").await.unwrap();
    let step = || Step { name: "boot".into(), number: 7 };
    let volume = staged.commit(step()).await.unwrap();
    assert_eq!(volume.metadata_as::<Step>().unwrap(), step());
    assert_eq!(open(&store, "disk").await.metadata_as::<Step>().unwrap(), step());
    let error = volume.metadata_as::<Vec<u8>>().unwrap_err();
    assert!(matches!(error, Error::InvalidMetadata { .. }), "{error}");
}

/// Nothing was written, and the handle that comes back commits.
#[tokio::test]
async fn bad_metadata_gives_the_handle_back() {
    let counting = FaultStore::new(memory());
    let staged = new(&counting.store(), "disk").stage_write_at(0, bytes(0, 0..9)).await.unwrap();
    counting.clear();
    let failed = staged.commit(metadata! { "x": f64::NAN }).await.unwrap_err();
    assert_eq!(counting.counts().total(), 0);
    let CommitError { source, staged, .. } = failed;
    assert!(matches!(&source, Error::InvalidMetadata { path, .. } if path == "x"), "{source:?}");
    let volume = staged.commit(metadata! { "x": 1 }).await.unwrap();
    assert_holds(&volume, &[(0, 0..9)]).await;
}

#[tokio::test]
async fn a_failed_commit_is_an_error_for_the_question_mark() {
    async fn fails() -> lode::Result<()> {
        let staged = new(&Store::memory(), "disk").stage_write_at(0, b"x").await?;
        let _volume = staged.commit(metadata! { "x": f64::INFINITY }).await?;
        Ok(())
    }
    async fn fails_boxed() -> Result<(), Box<dyn std::error::Error + Send + Sync>> {
        let staged = new(&Store::memory(), "disk").stage_write_at(0, b"x").await?;
        let _volume = staged.commit(metadata! { "x": f64::INFINITY }).await?;
        Ok(())
    }
    let error = fails().await.unwrap_err();
    assert!(matches!(error, Error::InvalidMetadata { .. }), "{error:?}");
    let boxed = fails_boxed().await.unwrap_err();
    assert_eq!(boxed.to_string(), "cannot commit what is staged of volume `disk`");
    assert_eq!(boxed.source().unwrap().to_string(), error.to_string());
}

#[tokio::test]
async fn what_exists_is_not_created_again() {
    let counting = FaultStore::new(memory());
    let store = counting.store();
    let late = new(&store, "disk").stage_write_at(50, bytes(1, 50..60)).await.unwrap();
    let longer = Volume::create(&store, "disk", LEN + 1).unwrap();
    let longer = longer.stage_write_at(LEN, b"x").await.unwrap();
    let _ = committed(&store, "disk", &[0..10]).await;

    let before = contents(&**counting.inner()).await;
    let failed = late.commit(metadata! {}).await.unwrap_err();
    let Error::Conflict { owner, expected, found } = &failed.source else { panic!("{failed:?}") };
    assert_eq!(owner.to_string(), "volume `disk`");
    assert_eq!((*expected, found.map(|id| id.get())), (None, Some(1)));
    assert!(failed.source.is_conflict());
    let error = longer.commit(metadata! {}).await.unwrap_err().source;
    let Error::LengthMismatch { expected, found, .. } = &error else { panic!("{error:?}") };
    assert_eq!((*expected, *found), (LEN + 1, LEN));
    assert!(error.is_conflict());
    assert_eq!(contents(&**counting.inner()).await, before);

    // Nothing that was staged is lost: it goes on from what exists.
    let volume = open(&store, "disk").await;
    let staged = volume.resume(failed.staged.session()).await.unwrap();
    let volume = staged.commit(metadata! {}).await.unwrap();
    assert_holds(&volume, &[(0, 0..10), (1, 50..60)]).await;
    // The longer one's block does not fit.
    let [left] = &volume.sessions().await.unwrap()[..] else { panic!("not one session") };
    let error = volume.resume(left.id).await.unwrap_err();
    assert!(matches!(error, Error::OutOfBounds { .. }), "{error:?}");
}

/// Two creators at the very same time: one of them is told.
#[tokio::test]
async fn one_of_two_creators_is_told() {
    for (len, mismatch) in [(LEN, false), (LEN + 1, true)] {
        let faults = FaultStore::new(memory());
        let staged = new(&faults.store(), "disk").stage_write_at(0, b"x").await.unwrap();
        let inner = lode_store(faults.inner().clone());
        // The other one is first between its look and its put.
        let other = Fault::run(move || {
            let inner = inner.clone();
            async move {
                let volume = Volume::create(&inner, "disk", len).unwrap();
                let staged = volume.stage_write_at(5, b"y").await.unwrap();
                let _ = staged.commit(metadata! {}).await.unwrap();
            }
        });
        faults.rule(Rule::on(Op::Create, Class::Manifest, other));
        let error = staged.commit(metadata! {}).await.unwrap_err().source;
        assert_eq!(faults.fired(), 1);
        assert_eq!(matches!(error, Error::LengthMismatch { .. }), mismatch, "{error:?}");
        assert_eq!(matches!(error, Error::Conflict { .. }), !mismatch, "{error:?}");
        let volume = open(&faults.store(), "disk").await;
        assert_eq!((volume.total_length(), volume.coverage()), (len, vec![5..6]));
    }
}

/// A reply is lost: what was read back decides.
#[tokio::test(start_paused = true)]
async fn a_lost_reply_is_no_failure() {
    for fault in [Fault::Before, Fault::After, Fault::Partway, Fault::Late(2)] {
        let faults = FaultStore::new(memory());
        let volume = committed(&faults.store(), "disk", &[0..10]).await;
        let staged = stage(&volume, 1, &[10..20]).await;
        faults.rule(Rule::on(Op::Create, Class::Manifest, fault));
        let two = staged.commit(metadata! {}).await.unwrap();
        assert_eq!((two.snapshot_id(), faults.fired()), (snapshot(2), 1));
        assert_holds(&open(&faults.store(), "disk").await, &[(0, 0..10), (1, 10..20)]).await;
        assert_eq!(two.snapshots().await.unwrap().len(), 2);
    }
}

/// It is unknown whether the commit landed. The token tells in the end; and to commit again adds only
/// what is not there.
#[tokio::test(start_paused = true)]
async fn an_unknown_commit_can_be_resolved_and_made_again() {
    for landed in [false, true] {
        for created in [false, true] {
            let faults = FaultStore::new(memory());
            let store = faults.store();
            let (base, staged) = if created {
                (0, new(&store, "disk").stage_write_at(10, bytes(1, 10..20)).await.unwrap())
            } else {
                (1, stage(&committed(&store, "disk", &[0..10]).await, 1, &[10..20]).await)
            };
            let fault = if landed { Fault::After } else { Fault::Before };
            faults.rule(Rule::on(Op::Create, Class::Manifest, fault).for_ever());
            // What is there is not said either, but to the look for a volume of that name.
            let skip = usize::from(created) * looks(&faults).await;
            let silence = Rule::on(Op::Get, Class::Manifest, Fault::Before).for_ever();
            faults.rule(silence.skip(skip));
            let failed = staged.commit(metadata! { "try": 1 }).await.unwrap_err();
            let Error::CommitUnknown { token, .. } = failed.source else { panic!("{failed:?}") };
            assert_eq!(token.id().get(), base + 1);
            faults.heal();

            let token = serde_json::from_str(&serde_json::to_string(&token).unwrap()).unwrap();
            let watcher = new(&faults.store(), "disk");
            if landed {
                let found = watcher.resolve(token).await.unwrap().expect("it has landed");
                assert_eq!(found.snapshot_id(), snapshot(base + 1));
            }
            failed.staged.stage_write_at(30, bytes(2, 30..40)).await.unwrap();
            let volume = failed.staged.commit(metadata! { "try": 2 }).await.unwrap();
            assert_eq!(volume.snapshot_id(), snapshot(base + 1 + u64::from(landed)));
            let all = [(0, 0..10), (1, 10..20), (2, 30..40)];
            assert_holds(&volume, &all[usize::from(created)..]).await;
            let objects = block_objects(&contents(&**faults.inner()).await, "disk");
            assert_eq!(objects.len(), all.len() - usize::from(created), "nothing is staged twice");
        }
    }
}

/// How many manifests a commit asks for to see that there is none.
async fn looks(faults: &FaultStore) -> usize {
    faults.clear();
    assert!(new(&faults.store(), "nothing").latest().await.unwrap().is_none());
    faults.counts().on(Op::Get, Class::Manifest)
}

/// The commit ends by itself when nobody waits for it any more.
#[tokio::test(start_paused = true)]
async fn a_dropped_commit_ends_by_itself() {
    let faults = FaultStore::new(memory());
    let volume = committed(&faults.store(), "disk", &[0..10]).await;
    let staged = stage(&volume, 1, &[10..20]).await;
    let session = staged.session();
    let commit = staged.commit(metadata! {});
    let waited = tokio::time::timeout(std::time::Duration::ZERO, commit).await;
    assert!(waited.is_err(), "it was done before it could be dropped");
    crate::support::settle().await;
    let latest = open(&faults.store(), "disk").await;
    assert_eq!(latest.snapshot_id(), snapshot(2));
    assert_holds(&latest, &[(0, 0..10), (1, 10..20)]).await;
    let error = latest.resume(session).await.unwrap_err();
    assert!(matches!(error, Error::NothingStaged { .. }), "{error:?}");
}

/// What Go Lode can read of it is what Go Lode writes.
#[tokio::test]
async fn a_manifest_says_what_is_there() {
    let inner = memory();
    let volume = committed(&lode_store(inner.clone()), "disk", &[0..10, 50..75]).await;
    let text = get(&*inner, &manifest_key("disk", 1)).await.unwrap();
    let manifest: serde_json::Value = serde_json::from_slice(&text).unwrap();
    assert_eq!(manifest["schema_name"], "lode-volume-manifest");
    assert_eq!(manifest["format_version"], "1.1.0");
    assert_eq!((&manifest["volume_id"], &manifest["total_length"]), (&"disk".into(), &LEN.into()));
    assert_eq!(manifest["operation"], "commit");
    assert_eq!(manifest["checksum_algorithm"], "xxh3-128");
    let blocks = manifest["blocks"].as_array().unwrap();
    assert_eq!(blocks.len(), 2);
    for (block, shown) in blocks.iter().zip(volume.blocks()) {
        assert_eq!(block["path"].as_str().unwrap(), shown.path);
        let stored = get(&*inner, &shown.path).await.unwrap();
        assert_eq!(stored, bytes(0, shown.offset..shown.offset + shown.length));
        let checksum = format!("{:032x}", xxhash_rust::xxh3::xxh3_128(&stored));
        assert_eq!(block["checksum"], checksum.as_str());
        assert!(shown.path.ends_with(&format!("-{checksum}.bin")), "{}", shown.path);
    }
}
