//! Opening a store by its URL.

use std::fmt;

use object_store::{ObjectStoreScheme, path::Path};
use url::Url;

use super::{Store, cloud};
use crate::error::{Error, Result};

impl Store {
    /// The store a URL names: `file:///directory`, `memory:///`, and with the features `aws`, `gcp`
    /// and `azure` those of `object_store`, such as `s3://bucket/prefix`, `gs://bucket/prefix` and
    /// `az://container/prefix`.
    ///
    /// Credentials and endpoint are read from those environment variables that begin with `AWS_`,
    /// `GOOGLE_` or `AZURE_`, as `object_store` does it (`AWS_ACCESS_KEY_ID`, `AWS_ENDPOINT`, …). To
    /// give them in the program, see [`builder`](Self::builder), of which this is
    /// `Store::builder(url).env().open()`.
    ///
    /// A cloud's store with an endpoint of its own must be [checked](Self::check) before it is
    /// committed to: see [`Error::UncheckedStore`].
    ///
    /// ```
    /// let store = lode::Store::open("memory:///team/events")?;
    /// # Ok::<(), lode::Error>(())
    /// ```
    ///
    /// # Errors
    /// [`Error::InvalidUrl`] for a URL that cannot be parsed, a scheme whose feature is off or
    /// whose configuration is incomplete; [`Error::StoreUnavailable`] for a missing directory.
    pub fn open(url: &str) -> Result<Self> {
        Self::builder(url).env().open()
    }

    /// Opens the store a URL names with what is given here, and nothing of the environment unless it is
    /// asked for.
    ///
    /// ```
    /// # #[cfg(feature = "aws")]
    /// # fn main() -> lode::Result<()> {
    /// let store = lode::Store::builder("s3://bucket/prefix")
    ///     .endpoint("http://127.0.0.1:8333")
    ///     .option("access_key_id", "K")
    ///     .option("secret_access_key", "S")
    ///     .open()?; // no request is made
    /// # Ok(()) }
    /// # #[cfg(not(feature = "aws"))]
    /// # fn main() {}
    /// ```
    pub fn builder(url: impl Into<String>) -> StoreBuilder {
        StoreBuilder { url: url.into(), environment: false, settings: Vec::new() }
    }
}

/// A store that is to be opened: its URL, and how to reach it. From [`Store::builder`].
///
/// Its `Debug` shows no values: they can be secrets.
#[derive(Clone)]
#[must_use = "a store is opened by `.open()`"]
pub struct StoreBuilder {
    url: String,
    environment: bool,
    settings: Vec<Setting>,
}

/// What was said of a store.
#[derive(Clone)]
pub(super) struct Setting {
    pub(super) name: Name,
    pub(super) value: String,
}

/// What a setting is about.
#[derive(Clone)]
pub(super) enum Name {
    /// The endpoint, whatever the cloud calls it.
    Endpoint,
    /// An option by one of its names.
    Option(String),
}

impl StoreBuilder {
    /// Takes from the environment what is not given here: the variables that begin with `AWS_`,
    /// `GOOGLE_` or `AZURE_`. Those of them that the store does not know are left alone. Where an access
    /// key is given here, a session token in the environment is not its own, and is left alone too.
    pub fn env(mut self) -> Self {
        self.environment = true;
        self
    }

    /// The server to talk to, instead of the cloud's own: `http://127.0.0.1:8333`,
    /// `https://ACCOUNT.r2.cloudflarestorage.com`. One that begins with `http://` is talked to without
    /// TLS. Credentials are no part of it, nor is a query: they are options.
    pub fn endpoint(mut self, url: impl Into<String>) -> Self {
        self.settings.push(Setting { name: Name::Endpoint, value: url.into() });
        self
    }

    /// An option of `object_store`, by any of its names there: `region`, `access_key_id`,
    /// `secret_access_key`, `session_token`, … for
    /// [S3](https://docs.rs/object_store/0.14/object_store/aws/enum.AmazonS3ConfigKey.html),
    /// `service_account`, … for
    /// [Google](https://docs.rs/object_store/0.14/object_store/gcp/enum.GoogleConfigKey.html),
    /// `account_name`, `account_key`, … for
    /// [Azure](https://docs.rs/object_store/0.14/object_store/azure/enum.AzureConfigKey.html), and for
    /// each those of
    /// [its HTTP client](https://docs.rs/object_store/0.14/object_store/enum.ClientConfigKey.html).
    /// The last of several values of one option counts.
    ///
    /// Two have other defaults here than there: a request may last any time (`timeout` is a day), as long
    /// as it is never silent for 30 s (`read_timeout`), so that large objects can be read slowly.
    pub fn option(mut self, name: impl Into<String>, value: impl Into<String>) -> Self {
        self.settings.push(Setting { name: Name::Option(name.into()), value: value.into() });
        self
    }

    /// Opens it. No request is made: see [`Store::check`].
    ///
    /// # Errors
    /// [`Error::InvalidUrl`] for a URL that cannot be parsed, a scheme whose feature is off, an option
    /// that the store does not have, and a configuration that is incomplete or wrong;
    /// [`Error::StoreUnavailable`] for a missing directory.
    pub fn open(self) -> Result<Store> {
        let invalid = |reason: String| Error::InvalidUrl { url: redact(&self.url), reason };
        let url = Url::parse(&self.url).map_err(|e| invalid(e.to_string()))?;
        match url.scheme() {
            #[cfg(feature = "local")]
            "file" => {
                self.no_settings()?;
                let path = url.to_file_path();
                Store::local(path.map_err(|()| invalid("this is not an absolute path".into()))?)
            }
            "memory" => {
                self.no_settings()?;
                Store::memory().prefixed(url.path().trim_matches('/'))
            }
            _ => {
                let (scheme, prefix) = ObjectStoreScheme::parse(&url)
                    .map_err(|e| invalid(self.without_secrets(e.to_string())))?;
                self.open_cloud(&scheme, &prefix)
            }
        }
    }

    fn open_cloud(&self, scheme: &ObjectStoreScheme, prefix: &Path) -> Result<Store> {
        let variables: Vec<(String, String)> = match self.environment {
            true => cloud::options(std::env::vars_os()).collect(),
            false => Vec::new(),
        };
        let opened = cloud::open(scheme, &self.url, &variables, &self.settings);
        let (inner, has_endpoint) = opened.map_err(|reason| {
            let values = variables.iter().map(|(_, value)| value.as_str());
            let reason = values.fold(self.without_secrets(reason), without);
            Error::InvalidUrl { url: redact(&self.url), reason }
        })?;
        let store = Store::from(inner);
        if has_endpoint {
            store.trust.must_be_checked();
        }
        store.prefixed(prefix.as_ref())
    }

    fn no_settings(&self) -> Result<()> {
        let Some(setting) = self.settings.first() else { return Ok(()) };
        let reason = format!("this store has no option `{}`", setting.name);
        Err(Error::InvalidUrl { url: redact(&self.url), reason })
    }

    /// What was said about the configuration, without what was given: it can be secret.
    fn without_secrets(&self, reason: String) -> String {
        let values = self.settings.iter().map(|setting| setting.value.as_str());
        let reason = values.chain([self.url.as_str()]).fold(reason, without);
        // As it is written once it was parsed: without tabs and line breaks, and encoded.
        match Url::parse(&self.url) {
            Ok(url) => without(reason, url.as_str()),
            Err(_) => reason,
        }
    }
}

impl fmt::Display for Name {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Endpoint => "endpoint",
            Self::Option(name) => name,
        })
    }
}

impl fmt::Debug for StoreBuilder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let names: Vec<_> = self.settings.iter().map(|setting| setting.name.to_string()).collect();
        f.debug_struct("StoreBuilder")
            .field("url", &redact(&self.url))
            .field("environment", &self.environment)
            .field("settings", &names)
            .finish()
    }
}

/// A text without a value that it may repeat. (One of up to 3 bytes is no secret, and could be a part of any
/// word.)
fn without(text: String, value: &str) -> String {
    if value.len() <= 3 {
        return text;
    }
    // Errors quote some values, and escape them then.
    text.replace(value, "…").replace(&value.escape_debug().to_string(), "…")
}

/// The URL without its user name, password, query and fragment, which can hold secrets.
fn redact(url: &str) -> String {
    match Url::parse(url) {
        Ok(url) if url.cannot_be_a_base() => format!("{}:…", url.scheme()),
        Ok(mut url) => {
            let _ = url.set_username("");
            let _ = url.set_password(None);
            url.set_query(None);
            url.set_fragment(None);
            url.to_string()
        }
        // Somewhere before an `@` there can be a password.
        Err(_) if url.contains('@') => {
            format!("{}:…", url.split(':').next().filter(|_| url.contains(':')).unwrap_or_default())
        }
        Err(_) => url.split(['?', '#']).next().unwrap_or_default().to_owned(),
    }
}
