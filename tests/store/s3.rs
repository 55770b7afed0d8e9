//! Opening S3 stores: what is given, what the environment says, what is refused.

use lode::{Error, Store};

fn refused(builder: lode::StoreBuilder) -> String {
    match builder.open().unwrap_err() {
        Error::InvalidUrl { reason, .. } => reason,
        error => panic!("{error:?}"),
    }
}

#[test]
fn options_are_known_or_refused() {
    let bucket = || Store::builder("s3://bucket/prefix").option("access_key_id", "K");
    assert!(bucket().option("secret_access_key", "S").option("AWS_REGION", "auto").open().is_ok());
    let reason = refused(bucket().option("acess_key_id", "K"));
    assert_eq!(reason, "this store has no option `acess_key_id`");
    assert!(refused(bucket()).contains("Missing SecretAccessKey"), "{}", refused(bucket()));
    for url in ["memory:///", "file:///tmp"] {
        let reason = refused(Store::builder(url).endpoint("http://127.0.0.1:1"));
        assert_eq!(reason, "this store has no option `endpoint`");
        assert!(Store::builder(url).env().open().is_ok());
    }
    let reason = refused(Store::builder("https://example.com/bucket"));
    assert_eq!(reason, "no store is known by this URL with the features that are on");
}

#[test]
fn secrets_are_shown_nowhere() {
    let builder = Store::builder("s3://user:hunter2@bucket/prefix?x=hunter2")
        .endpoint("http://hunter2:hunter2@127.0.0.1:1")
        .option("access_key_id", "hunter2")
        .option("secret_access_key", "hunter2")
        .option("allow_http", "hunter2");
    let error = builder.clone().open().unwrap_err();
    let mut all = format!("{builder:?} {error} {error:?}");
    assert!(all.contains("secret_access_key") && all.contains("s3://bucket/prefix"), "{all}");
    let store = builder.option("allow_http", "true").open().unwrap();
    all += &format!("{store:?}");
    assert!(!all.contains("hunter2"), "{all}");
}
