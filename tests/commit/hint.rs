//! The hint: nothing depends on it but speed.

use std::sync::Arc;

use lode::{Dataset, metadata};
use object_store::ObjectStore;

use crate::support::forge::hint_key;
use crate::support::{Row, get, lode_store, memory, put, rows};

#[tokio::test]
async fn any_hint_leads_to_the_head() {
    let inner = memory();
    let store = lode_store(Arc::clone(&inner) as Arc<dyn ObjectStore>);
    let dataset = Dataset::<Row>::new(&store, "d").unwrap();
    for n in 0..9 {
        dataset.append(&rows(n..n + 1), metadata! {}).await.unwrap();
    }
    let key = hint_key("d");
    assert_eq!(get(&*inner, &key).await.unwrap(), "0000000000000000009");
    let long = "1".repeat(1000);
    for hint in [
        "",
        "0",
        "-1",
        "9",
        "9\n",
        "0000000000000000003",
        "1",
        "garbage",
        "99",
        "8 8",
        "0000000000000000010",
        "9223372036854775807",
        "9223372036854775808",
        "99999999999999999999999",
        "\u{0}",
        long.as_str(),
    ] {
        put(&*inner, &key, hint.to_owned()).await;
        let fresh = Dataset::<Row>::new(&store, "d").unwrap();
        let found = fresh.latest().await;
        let head = found.unwrap_or_else(|e| panic!("hint {hint:?}: {e}")).unwrap();
        assert_eq!(head.id().get(), 9, "hint {hint:?}");
    }
    put(&*inner, &key, vec![0xff, 0xfe]).await;
    let fresh = Dataset::<Row>::new(&store, "d").unwrap();
    assert_eq!(fresh.append(&rows(9..10), metadata! {}).await.unwrap().id().get(), 10);
    assert_eq!(get(&*inner, &key).await.unwrap(), "0000000000000000010");
}
