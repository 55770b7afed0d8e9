//! Requests and replies that are lost on the way to a real server.
//!
//! `object_store` sends a conditional put again after a 5xx or a closed connection, and then reports
//! `AlreadyExists`, although its own first put has landed.

use bytes::Bytes;
use futures::TryStreamExt;
use lode::{Blob, Dataset, Limits, Store, Volume, metadata};
use object_store::path::Path;
use object_store::{ObjectStore, ObjectStoreExt, PutMode, PutOptions};
use tokio::io::AsyncWriteExt;

use crate::support::proxy::{Loss, Proxy, Seen};
use crate::support::rows::{Row, numbers, rows};
use crate::support::server::{fresh_prefix, s3_url};

const LOSSES: [Loss; 4] = [Loss::Request, Loss::Reply, Loss::Unavailable, Loss::InternalError];

/// A part of the server's bucket behind a proxy, and its prefix.
async fn proxied(test: &str) -> Option<(Proxy, Store, String)> {
    let url = s3_url(test)?;
    let Ok(endpoint) = std::env::var("AWS_ENDPOINT") else {
        panic!("the proxy needs the server's AWS_ENDPOINT")
    };
    let proxy = Proxy::start(&endpoint).await;
    let store = Store::builder(url).env().endpoint(proxy.endpoint()).open().unwrap();
    store.assume_create_only();
    let prefix = fresh_prefix();
    Some((proxy, store.prefixed(&prefix).unwrap(), prefix))
}

/// What the server said to puts of manifests.
fn manifest_puts(seen: &[Seen]) -> Vec<u16> {
    let puts = seen
        .iter()
        .filter(|seen| seen.line.starts_with("PUT ") && seen.line.contains("manifest.json"));
    puts.map(|seen| seen.status).collect()
}

/// Why a commit reads back.
#[tokio::test]
async fn a_resent_create_reports_a_conflict_with_itself() {
    let test = "a_resent_create_reports_a_conflict_with_itself";
    let Some((proxy, store, _)) = proxied(test).await else { return };
    for (loss, n) in [Loss::Reply, Loss::Unavailable, Loss::InternalError].into_iter().zip(0..) {
        proxy.take_seen();
        proxy.lose("PUT", "/manifest.json", loss, 1);
        let path = Path::from(format!("{}/{n}/manifest.json", fresh_prefix()));
        let create = PutOptions { mode: PutMode::Create, ..PutOptions::default() };
        let inner = store.object_store();
        let body = Bytes::from_static(b"mine");
        let answer = inner.put_opts(&path, body.clone().into(), create).await;
        assert!(answer.is_err(), "{loss:?}: {answer:?}");
        if loss != Loss::Reply {
            let already = matches!(answer, Err(object_store::Error::AlreadyExists { .. }));
            assert!(already, "{answer:?}");
            assert_eq!(manifest_puts(&proxy.take_seen()), [200, 412], "{loss:?}");
        }
        let found = inner.get(&path).await.unwrap().bytes().await.unwrap();
        assert_eq!(found, body);
    }
}

#[tokio::test]
async fn a_commit_whose_reply_is_lost_is_a_commit() {
    let Some((proxy, store, _)) = proxied("a_commit_whose_reply_is_lost_is_a_commit").await else {
        return;
    };
    let dataset = Dataset::<Row>::new(&store, "rows").unwrap();
    let mut volume = None;
    for (loss, n) in LOSSES.into_iter().zip(0..) {
        // Once, and twice in a row.
        for times in [1, 2] {
            proxy.lose("PUT", "/manifest.json", loss, times);
            let rows = rows(2 * n + times as u64 - 1..2 * n + times as u64);
            dataset.append(&rows, metadata! { "times": times }).await.unwrap();
            let seen = proxy.take_seen();
            let puts = manifest_puts(&seen);
            // Of a connection that broke, `object_store` does not always know that it can try again.
            let is_clear = matches!(loss, Loss::Unavailable | Loss::InternalError);
            assert!(puts.len() == times + 1 || !is_clear, "{loss:?}: {seen:#?}");
        }
        proxy.lose("PUT", "/manifest.json", loss, 1);
        let offset = 100 * n;
        let staged = match &volume {
            None => {
                let new = Volume::create(&store, "disk", 1000).unwrap();
                new.stage_write_at(offset, b"block").await.unwrap()
            }
            Some(volume) => {
                let volume: &Volume<lode::Committed> = volume;
                volume.stage_write_at(offset, b"block").await.unwrap()
            }
        };
        volume = Some(staged.commit(metadata! {}).await.unwrap());
        proxy.take_seen();
    }
    let chain: Vec<_> = dataset.history().try_collect().await.unwrap();
    assert_eq!(chain.len(), 8);
    assert_eq!(numbers(&dataset, &chain[0]).await.unwrap(), Vec::from_iter(0..8));
    let volume = volume.unwrap();
    assert_eq!(volume.snapshot_id().get(), 4);
    assert_eq!(volume.coverage(), [0..5, 100..105, 200..205, 300..305]);
}

/// Two writers, of which one loses every other reply: neither takes the other's commit for its own.
#[tokio::test]
async fn racing_writers_are_told_apart() {
    let Some((proxy, store, prefix)) = proxied("racing_writers_are_told_apart").await else {
        return;
    };
    let direct = Store::open(&s3_url("").unwrap()).unwrap().prefixed(&prefix).unwrap();
    direct.assume_create_only();
    let append = async |store: &Store, from: u64| {
        let dataset = Dataset::<Row>::new(store, "rows").unwrap();
        for n in from..from + 10 {
            if from == 0 {
                proxy.lose("PUT", "/manifest.json", LOSSES[n as usize % 4], 1);
            }
            dataset.append(&rows(n..n + 1), metadata! {}).await.unwrap();
        }
    };
    tokio::join!(append(&store, 0), append(&direct, 10));
    let dataset = Dataset::<Row>::new(&direct, "rows").unwrap();
    let chain: Vec<_> = dataset.history().try_collect().await.unwrap();
    assert_eq!(chain.len(), 20);
    assert_eq!(numbers(&dataset, &chain[0]).await.unwrap(), Vec::from_iter(0..20));
}

/// Every request of an upload in parts.
#[tokio::test]
async fn an_upload_in_parts_survives_lost_replies() {
    let Some((proxy, store, _)) = proxied("an_upload_in_parts_survives_lost_replies").await else {
        return;
    };
    let limits = Limits { part_bytes: 5 << 20, ..Limits::default() };
    let blobs = Dataset::<Blob>::new(&store, "blobs").unwrap().limits(limits);
    let chunk: Vec<u8> = (0..1 << 20).map(|i: u32| (i.wrapping_mul(i) >> 9) as u8).collect();
    for loss in LOSSES {
        for (method, holds) in
            [("POST", "uploads"), ("PUT", "partNumber="), ("POST", "uploadId="), ("PUT", "latest")]
        {
            proxy.lose(method, holds, loss, 1);
            let mut writer = blobs.stream_write(metadata! {}).await.unwrap();
            for _ in 0..11 {
                writer.write_all(&chunk).await.unwrap();
            }
            let snapshot = writer
                .commit()
                .await
                .unwrap_or_else(|error| panic!("{loss:?} of {method} {holds}: {error:?}"));
            let seen = proxy.take_seen();
            assert!(seen.iter().any(|seen| seen.loss == Some(loss)), "{holds}: {seen:?}");
            let found = blobs.read_blob(&snapshot).await.unwrap();
            assert_eq!(found, chunk.repeat(11));
        }
    }
}
