//! Opening stores of clouds: what is given, what is refused, which must be checked.

use lode::{Blob, Dataset, Error, Store, metadata};

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
        .endpoint("http://127.0.0.1:1")
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

/// They would be in the text of every request that fails.
#[test]
fn an_endpoint_has_no_password() {
    let bucket = || {
        let bucket = Store::builder("s3://bucket").option("access_key_id", "K");
        bucket.option("secret_access_key", "S").option("allow_http", "true")
    };
    let google = || Store::builder("gs://bucket").option("skip_signature", "true");
    let azure = || Store::builder("az://container").option("account_name", "A");
    for place in [
        "http://user:hunter2@127.0.0.1:1",
        "http://hunter2@127.0.0.1:1",
        "https://127.0.0.1:1/?token=hunter2",
        "https://127.0.0.1:1/#hunter2",
        "hunter2@127.0.0.1:1",
    ] {
        for builder in [
            bucket().endpoint(place),
            bucket().option("aws_endpoint", place),
            google().endpoint(place),
            google().option("service_account_key", key(place)),
            azure().endpoint(place),
        ] {
            let error = builder.open().unwrap_err();
            let text = format!("{error} {error:?}");
            assert!(!text.contains("hunter2"), "{text}");
            assert!(text.contains("endpoint has a user name, a password, a query"), "{text}");
        }
    }
    assert!(bucket().endpoint("http://127.0.0.1:1/a/path").open().is_ok());
}

/// The key of a service account of Google's that names a server.
fn key(base_url: &str) -> String {
    let base_url = serde_json::to_string(base_url).unwrap();
    format!(
        r#"{{"private_key": "K", "private_key_id": "I", "client_email": "E", "disable_oauth": true,
            "gcs_base_url": {base_url}}}"#
    )
}

/// Nothing listens at these endpoints: a request would be another error, and later.
#[tokio::test]
async fn whatever_names_another_server_must_be_checked() {
    let file = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(&file, key("http://127.0.0.1:1")).unwrap();
    let google = || Store::builder("gs://bucket").option("allow_http", "true");
    let mut builders = vec![
        google().endpoint("http://127.0.0.1:1"),
        google().option("service_account_key", key("http://127.0.0.1:1")),
        google().option("service_account", file.path().to_str().unwrap()),
    ];
    for yes in ["true", "TRUE", "1", "on", "Yes", "y"] {
        let azure = Store::builder("az://container").option("allow_http", "true");
        builders.push(azure.option("use_emulator", yes));
    }
    for builder in builders {
        let shown = format!("{builder:?}");
        let backups = Dataset::<Blob>::new(&builder.open().unwrap(), "backups").unwrap();
        let error = backups.write(b"all of it", metadata! {}).await.unwrap_err();
        assert!(matches!(error, Error::UncheckedStore { problem: None, .. }), "{shown}: {error}");
    }
}
