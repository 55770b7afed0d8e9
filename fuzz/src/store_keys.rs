//! Any text as a store's prefix, a dataset's id, a partition's value and an attachment's name: whatever is
//! taken comes back, and lies under the prefix, byte for byte; and nobody else sees it.

use std::sync::Arc;

use lode::{Catalog, Dataset, DatasetId, Error, HiveLayout, Store, metadata};
use object_store::ObjectStore;
use object_store::memory::InMemory;

use crate::block_on;
use crate::support::{Row, contents, rows};

pub fn run(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else { return };
    let mut parts = text.splitn(4, '\n');
    let [prefix, id, kind, name] = [(); 4].map(|()| parts.next().unwrap_or_default());
    secrets_are_kept(text);
    block_on(check(prefix, id, kind, name));
}

/// An error about a URL does not repeat what may be secret in it.
fn secrets_are_kept(text: &str) {
    let urls = [
        format!("s3://AKIA:a-secret@{text}"),
        format!("none://a-secret:a-secret@host/{text}?key=a-secret#a-secret"),
        format!("none://{text}?key=a-secret"),
        // Only behind a scheme is it a password; else it may be the path.
        format!("{}://u:a-secret@host", text.replace(|c: char| !c.is_ascii_alphanumeric(), "-")),
    ];
    // The scheme of a URL is in lower case, wherever its text is from; and a URL has no tabs and line breaks.
    let is_said = text.replace(['\t', '\n', '\r'], "").to_ascii_lowercase().contains("secret");
    for url in urls.iter().filter(|url| !url.starts_with("file:")) {
        if let Err(error) = Store::open(url) {
            let said = format!("{error} {error:?}");
            assert!(!said.contains("a-secret") || is_said, "{url}: {said}");
        }
    }
}

async fn check(prefix: &str, id: &str, kind: &str, name: &str) {
    let inner = Arc::new(InMemory::new());
    let whole = Store::from(Arc::clone(&inner) as Arc<dyn ObjectStore>);
    let store = match whole.clone().prefixed(prefix) {
        Ok(store) => store,
        Err(Error::InvalidUrl { url, reason }) => {
            assert!(url == prefix && !reason.is_empty());
            return;
        }
        Err(other) => panic!("{other}"),
    };
    let id = DatasetId::new(id).unwrap_or_else(|_| DatasetId::new("d").unwrap());
    let dataset = Dataset::<Row>::new(&store, &id).unwrap().layout(HiveLayout);
    let row = Row { kind: kind.to_owned(), ..rows(0..1).remove(0) };
    let transaction = dataset.begin(metadata! {}).await.unwrap();
    let staged = transaction.write(std::slice::from_ref(&row)).await;
    match &staged {
        Ok(()) => {}
        Err(Error::InvalidPartition { value, .. }) => assert_eq!(value, kind),
        Err(other) => panic!("{other}"),
    }
    let attached = transaction.attach(name, name.as_bytes().to_vec()).await;
    match &attached {
        Ok(()) => assert!(!name.is_empty() && name.len() <= 255),
        Err(Error::InvalidAttachment { name: found, .. }) => assert_eq!(found, name),
        Err(other) => panic!("{other}"),
    }
    let committed = transaction.commit().await.unwrap();

    let cold = Dataset::<Row>::new(&store, &id).unwrap().layout(HiveLayout);
    let found = cold.latest().await.unwrap().unwrap();
    assert_eq!(found, committed);
    assert_eq!(cold.snapshots().await.unwrap(), [committed.id()]);
    if staged.is_ok() {
        assert_eq!(cold.read(&found).await.unwrap(), std::slice::from_ref(&row));
        assert_eq!(cold.read(&found).partition("kind", kind).await.unwrap(), [row]);
    }
    if attached.is_ok() {
        assert_eq!(cold.attachment(&found, name).await.unwrap(), name.as_bytes());
    }
    let under = if prefix.is_empty() { String::new() } else { format!("{prefix}/") };
    let folder = format!("{under}datasets/{id}/");
    for key in contents(&*inner).await.keys() {
        let rest = key.strip_prefix(&folder).unwrap_or_else(|| panic!("{key}"));
        assert!(rest.split('/').all(|part| !matches!(part, "" | "." | "..")), "{key}");
    }
    let listed = Catalog::new(&store).layout(HiveLayout).datasets().await.unwrap();
    assert_eq!(listed, [id.clone()]);
    // A store whose prefix begins with the same letters.
    let sibling = whole.prefixed(&format!("{prefix}x")).unwrap();
    let other = Dataset::<Row>::new(&sibling, &id).unwrap().layout(HiveLayout);
    assert!(other.latest().await.unwrap().is_none());
}
