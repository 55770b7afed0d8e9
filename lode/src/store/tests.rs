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
