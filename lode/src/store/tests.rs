//! Tests of stores.

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
