//! Tests of stores.

use std::ffi::OsString;

use super::cloud::options;
use super::trust::{Trust, Verdict};
use super::*;

#[test]
fn only_variables_of_clouds_are_options() {
    let found: Vec<_> = options(
        [
            ("AWS_REGION", "eu-west-1"),
            ("TOKEN", "x"),
            ("REGION", "x"),
            ("ALLOW_HTTP", "true"),
            ("aws_region", "x"),
            ("MY_AWS_REGION", "x"),
            ("GOOGLE_BUCKET", "b"),
            ("AZURE_CLIENT_ID", ""),
        ]
        .map(|(name, value)| (name.into(), value.into())),
    )
    .collect();
    let expected = [("aws_region", "eu-west-1"), ("google_bucket", "b"), ("azure_client_id", "")];
    assert_eq!(found, expected.map(|(name, value)| (name.to_owned(), value.to_owned())));
}

#[cfg(unix)]
#[test]
fn variables_that_are_not_unicode_are_skipped() {
    use std::os::unix::ffi::OsStringExt;

    let bad = || OsString::from_vec(b"AWS_\xff".to_vec());
    let variables =
        [(bad(), "x".into()), ("AWS_REGION".into(), bad()), ("AWS_A".into(), "b".into())];
    let found: Vec<_> = options(variables).collect();
    assert_eq!(found, [("aws_a".to_owned(), "b".to_owned())]);
}

#[test]
fn a_failure_that_was_seen_outweighs_a_success() {
    let store = Store::memory();
    let problem = |store: &Store| match store.check_trust() {
        Err(Error::UncheckedStore { problem, .. }) => Some(problem),
        Err(Error::UnsafeStore { problem, .. }) => Some(Some(format!("seen: {problem}"))),
        other => other.map(|()| None).unwrap(),
    };
    assert_eq!(problem(&store), None, "whoever made it answers for it");
    store.trust.must_be_checked();
    let clone = store.clone().prefixed("clones/share/it").unwrap();
    assert_eq!(problem(&clone), Some(None));
    store.trust.learn(Verdict::Unclear("no answer".to_owned()));
    assert_eq!(problem(&clone), Some(Some("no answer".to_owned())));
    store.trust.learn(Verdict::Holds);
    assert_eq!(problem(&clone), None);
    store.trust.learn(Verdict::Unclear("no answer".to_owned()));
    assert_eq!(problem(&clone), None, "what was found out stays true");

    store.trust.learn(Verdict::Fails("two winners".to_owned()));
    store.trust.learn(Verdict::Holds);
    clone.assume_create_only();
    assert_eq!(problem(&clone), Some(Some("seen: two winners".to_owned())));
    clone.assume_single_writer();
    assert_eq!(problem(&store), None);
    store.trust.learn(Verdict::Fails("two winners".to_owned()));
    assert_eq!(problem(&store), None);

    let trust = Trust::default();
    trust.must_be_checked();
    let store = Store { trust: Arc::new(trust), ..Store::memory() };
    store.assume_create_only();
    assert_eq!(problem(&store), None);
}

type Chunks = BoxStream<'static, object_store::Result<Bytes>>;

fn chunks(chunks: &'static [&'static str]) -> Chunks {
    futures::stream::iter(chunks).map(|chunk| Ok(Bytes::from_static(chunk.as_bytes()))).boxed()
}

/// An answer that promises `range` of an object.
fn answer(range: std::ops::Range<u64>, body: Chunks) -> GetResult {
    let meta = ObjectMeta {
        location: Path::from("a"),
        last_modified: DateTime::UNIX_EPOCH,
        size: range.end,
        e_tag: None,
        version: None,
    };
    let payload = object_store::GetResultPayload::Stream(body);
    let (attributes, extensions) = Default::default();
    GetResult { payload, meta, range, attributes, extensions }
}

#[tokio::test]
async fn no_more_is_taken_than_was_promised() {
    for (len, first) in [(3, &["abcd"][..]), (3, &["a", "bc"]), (0, &[]), (7, &["", "abc"])] {
        let rest = futures::stream::repeat_with(|| Ok(Bytes::from_static(b"more")));
        let error = whole(answer(0..len, chunks(first).chain(rest).boxed())).await.unwrap_err();
        let said = format!("the answer has more than {len} bytes");
        assert!(error.to_string().contains(&said), "{error}");
    }
}

/// A limit names the setting that sets it, and no other.
#[tokio::test]
async fn what_is_too_large_says_what_sets_the_limit() {
    let store = Store::memory();
    store.put("large", Bytes::from_static(b"12345").into()).await.unwrap();
    for (setting, said) in [
        (Some("max_manifest_bytes"), "of 4 bytes that `max_manifest_bytes` sets"),
        (None, "of 4 bytes"),
    ] {
        let error = store.get_bytes("large", 4, setting).await.unwrap_err().to_string();
        assert!(error.ends_with(said), "{error}");
    }
    assert_eq!(store.get_bytes("large", 5, None).await.unwrap().unwrap(), "12345");
}

/// A promise takes no memory.
#[tokio::test]
async fn what_is_promised_and_does_not_come_is_told() {
    let huge = u64::MAX - 1;
    for body in [&["one"][..], &["", "on", "e"], &[]] {
        let error = whole(answer(0..huge, chunks(body))).await.unwrap_err();
        let len = body.concat().len();
        assert!(error.to_string().contains(&format!("has {len} of {huge} bytes")), "{error}");
    }
    for body in [&["all"][..], &["", "al", "", "l"]] {
        assert_eq!(whole(answer(6..9, chunks(body))).await.unwrap(), "all");
    }
}
