//! The stores of clouds, configured by names and values.

use std::ffi::OsString;
use std::sync::Arc;

use object_store::{ObjectStore, ObjectStoreScheme};

use super::open::Setting;

/// Opens a cloud's store; says as well whether it has an endpoint of its own. An error is a text.
pub(super) fn open(
    scheme: &ObjectStoreScheme,
    url: &str,
    variables: &[(String, String)],
    settings: &[Setting],
) -> Result<(Arc<dyn ObjectStore>, bool), String> {
    match scheme {
        #[cfg(feature = "aws")]
        ObjectStoreScheme::AmazonS3 => {
            configured::<object_store::aws::AmazonS3Builder>(url, variables, settings)
        }
        #[cfg(feature = "gcp")]
        ObjectStoreScheme::GoogleCloudStorage => {
            configured::<object_store::gcp::GoogleCloudStorageBuilder>(url, variables, settings)
        }
        #[cfg(feature = "azure")]
        ObjectStoreScheme::MicrosoftAzure => {
            configured::<object_store::azure::MicrosoftAzureBuilder>(url, variables, settings)
        }
        _ => {
            let _ = (url, variables, settings);
            Err("no store is known by this URL with the features that are on".to_owned())
        }
    }
}

/// The environment variables that are about clouds, as options of `object_store`. It has short names
/// for most of them (`token`, `region`, `timeout`), so those of other programs must not get there.
pub(super) fn options(
    variables: impl IntoIterator<Item = (OsString, OsString)>,
) -> impl Iterator<Item = (String, String)> {
    variables.into_iter().filter_map(|(name, value)| {
        let name = name.into_string().ok()?;
        let is_ours = ["AWS_", "GOOGLE_", "AZURE_"].iter().any(|of| name.starts_with(of));
        is_ours.then_some((name.to_ascii_lowercase(), value.into_string().ok()?))
    })
}

#[cfg(any(feature = "aws", feature = "gcp", feature = "azure"))]
fn configured<B: by_cloud::Builder>(
    url: &str,
    variables: &[(String, String)],
    settings: &[Setting],
) -> Result<(Arc<dyn ObjectStore>, bool), String> {
    use object_store::ClientConfigKey;

    use super::open::Name;

    let mut given = Vec::new();
    for Setting { name, value } in settings {
        let key = match name {
            Name::Endpoint => B::endpoint(),
            Name::Option(option) => match option.to_ascii_lowercase().parse() {
                Ok(key) => B::meant(key),
                Err(_) => return Err(format!("this store has no option `{option}`")),
            },
        };
        given.push((key, value));
    }
    let has_credentials = given.iter().any(|(key, _)| B::begins_credentials(key));

    let mut builder = B::default().url(url);
    // `object_store` lets a request last 30 s from its beginning: too short for what is large, or is read
    // slowly.
    for (key, value) in [(ClientConfigKey::Timeout, "1day"), (ClientConfigKey::ReadTimeout, "30s")]
    {
        builder = builder.set(B::client(key), value);
    }
    for (name, value) in variables {
        match name.parse() {
            Ok(key) if !(has_credentials && B::goes_with_credentials(&key)) => {
                builder = builder.set(key, value);
            }
            _ => {}
        }
    }
    for (key, value) in given {
        if key == B::endpoint() && value.starts_with("http://") {
            builder = builder.set(B::client(ClientConfigKey::AllowHttp), "true");
        }
        builder = builder.set(key, value);
    }
    let endpoints = builder.endpoints();
    if endpoints.iter().any(|endpoint| shows_secrets(endpoint)) {
        let reason = "the endpoint has a user name, a password, a query or a fragment, which the errors of \
                      requests would show: write `https://HOST/PATH`, and give credentials as options";
        return Err(reason.to_owned());
    }
    builder.build().map(|store| (store, !endpoints.is_empty())).map_err(|e| e.to_string())
}

/// Whether more is in an endpoint than a place.
#[cfg(any(feature = "aws", feature = "gcp", feature = "azure"))]
fn shows_secrets(endpoint: &str) -> bool {
    match url::Url::parse(endpoint) {
        Ok(url) if !url.cannot_be_a_base() => {
            let has_user = !url.username().is_empty() || url.password().is_some();
            has_user || url.query().is_some() || url.fragment().is_some()
        }
        _ => endpoint.contains('@'),
    }
}

/// What the builders of `object_store` have in common.
#[cfg(any(feature = "aws", feature = "gcp", feature = "azure"))]
mod by_cloud {
    use std::str::FromStr;
    use std::sync::Arc;

    use object_store::{ClientConfigKey, ObjectStore, Result};

    pub(super) trait Builder: Default {
        type Key: FromStr + PartialEq;

        /// The key of the endpoint, of several the one that counts.
        fn endpoint() -> Self::Key;
        fn client(key: ClientConfigKey) -> Self::Key;
        fn url(self, url: &str) -> Self;
        fn set(self, key: Self::Key, value: &str) -> Self;
        /// The servers it was told to talk to in place of the cloud's.
        fn endpoints(&self) -> Vec<String>;
        fn build(self) -> Result<Arc<dyn ObjectStore>>;

        /// The key to set for one that was named in the program.
        fn meant(key: Self::Key) -> Self::Key {
            key
        }

        fn begins_credentials(_: &Self::Key) -> bool {
            false
        }

        /// Whether this is a part of the credentials that others may lack.
        fn goes_with_credentials(_: &Self::Key) -> bool {
            false
        }
    }

    /// What is called the same in all of them.
    macro_rules! same {
        () => {
            fn client(key: ClientConfigKey) -> Self::Key {
                Self::Key::Client(key)
            }

            fn url(self, url: &str) -> Self {
                self.with_url(url)
            }

            fn set(self, key: Self::Key, value: &str) -> Self {
                self.with_config(key, value)
            }

            fn build(self) -> Result<Arc<dyn ObjectStore>> {
                Ok(Arc::new(self.build()?))
            }
        };
    }

    #[cfg(feature = "aws")]
    impl Builder for object_store::aws::AmazonS3Builder {
        type Key = object_store::aws::AmazonS3ConfigKey;

        fn endpoint() -> Self::Key {
            Self::Key::S3Endpoint
        }

        same!();

        fn endpoints(&self) -> Vec<String> {
            let keys = [Self::Key::Endpoint, Self::Key::S3Endpoint];
            keys.iter().filter_map(|key| self.get_config_value(key)).collect()
        }

        fn meant(key: Self::Key) -> Self::Key {
            if key == Self::Key::Endpoint { Self::endpoint() } else { key }
        }

        fn begins_credentials(key: &Self::Key) -> bool {
            *key == Self::Key::AccessKeyId
        }

        fn goes_with_credentials(key: &Self::Key) -> bool {
            *key == Self::Key::Token
        }
    }

    #[cfg(feature = "gcp")]
    impl Builder for object_store::gcp::GoogleCloudStorageBuilder {
        type Key = object_store::gcp::GoogleConfigKey;

        fn endpoint() -> Self::Key {
            Self::Key::BaseUrl
        }

        same!();

        fn endpoints(&self) -> Vec<String> {
            let given = self.get_config_value(&Self::Key::BaseUrl);
            given.or_else(|| named_by_key(self)).into_iter().collect()
        }
    }

    #[cfg(feature = "azure")]
    impl Builder for object_store::azure::MicrosoftAzureBuilder {
        type Key = object_store::azure::AzureConfigKey;

        fn endpoint() -> Self::Key {
            Self::Key::Endpoint
        }

        same!();

        fn endpoints(&self) -> Vec<String> {
            let given = self.get_config_value(&Self::Key::Endpoint);
            // Where it is neither, there will be no store.
            let is_no = |value: &String| {
                ["false", "0", "off", "no", "n"].iter().any(|no| value.eq_ignore_ascii_case(no))
            };
            let emulator = self.get_config_value(&Self::Key::UseEmulator);
            let emulator = emulator.filter(|value| !is_no(value)).map(|_| EMULATOR.to_owned());
            given.into_iter().chain(emulator).collect()
        }
    }

    /// Where Azure's emulator is, unless it was moved.
    #[cfg(feature = "azure")]
    const EMULATOR: &str = "http://127.0.0.1:10000";

    /// The server that the key of a service account names: a stand-in for Google's.
    #[cfg(feature = "gcp")]
    fn named_by_key(builder: &object_store::gcp::GoogleCloudStorageBuilder) -> Option<String> {
        use object_store::gcp::GoogleConfigKey as Name;

        #[derive(serde::Deserialize)]
        struct Key {
            gcs_base_url: Option<String>,
        }

        let key = match builder.get_config_value(&Name::ServiceAccountKey) {
            Some(key) => key,
            None => {
                std::fs::read_to_string(builder.get_config_value(&Name::ServiceAccount)?).ok()?
            }
        };
        serde_json::from_str::<Key>(&key).ok()?.gcs_base_url
    }
}
