//! The local disk: nothing that stands in storage leads out of a dataset's or a volume's folder; and what
//! symbolic links do.

use std::fs;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};

use futures::StreamExt;
use lode::{Catalog, Dataset, Error, Snapshot, Store, Volume, metadata};
use serde_json::{Value, json};

use crate::support::rows::numbers;
use crate::support::{Row, forge, rows};

const SECRET: &[u8] = b"nobody who reads the store may see this";

/// A directory with a secret, and in it the store's, with snapshots of each kind.
struct Disk {
    dir: tempfile::TempDir,
    dataset: Dataset<Row>,
}

impl Disk {
    async fn new() -> Self {
        let dir = tempfile::tempdir().unwrap();
        fs::write(dir.path().join("secret"), SECRET).unwrap();
        fs::create_dir(dir.path().join("store")).unwrap();
        let store = Store::local(dir.path().join("store")).unwrap();
        let dataset = Dataset::<Row>::new(&store, "d").unwrap();
        dataset.write(&rows(0..3), metadata! {}).await.unwrap();
        let transaction = dataset.begin(metadata! {}).await.unwrap();
        transaction.write(&rows(3..6)).await.unwrap();
        transaction.attach("a", b"beside").await.unwrap();
        transaction.commit().await.unwrap();
        let volume = Volume::create(&store, "v", 4096).unwrap();
        let staged = volume.stage_write_at(0, b"boot").await.unwrap();
        drop(staged.commit(metadata! {}).await.unwrap());
        Self { dir, dataset }
    }

    /// A new handle, which remembers nothing.
    fn cold(&self) -> Dataset<Row> {
        Dataset::new(self.dataset.store(), "d").unwrap()
    }

    fn path(&self, key: &str) -> PathBuf {
        self.dir.path().join("store").join(key)
    }

    fn edit(&self, key: &str, change: impl FnOnce(&mut Value)) {
        let mut json = serde_json::from_slice(&fs::read(self.path(key)).unwrap()).unwrap();
        change(&mut json);
        fs::write(self.path(key), serde_json::to_vec(&json).unwrap()).unwrap();
    }

    fn assert_secret_is_there(&self) {
        assert_eq!(fs::read(self.dir.path().join("secret")).unwrap(), SECRET);
    }
}

/// Ways out, for a manifest whose folder is `folder`.
fn ways_out(disk: &Disk, folder: &str) -> Vec<String> {
    let absolute = disk.dir.path().join("secret").display().to_string();
    let up = "../".repeat(12);
    vec![
        "../secret".to_owned(),
        absolute.clone(),
        format!("{folder}{absolute}"),
        format!("{folder}../../../secret"),
        format!("{folder}data/../../../../secret"),
        format!("{folder}{up}{}", &absolute[1..]),
        format!("{folder}./x"),
        format!("{folder}/x"),
        format!("{folder}..\\..\\..\\secret"),
        format!("{folder}data/\0"),
        "datasets/other/data/x.jsonl".to_owned(),
        "secret".to_owned(),
        String::new(),
    ]
}

#[tokio::test]
async fn no_path_in_a_manifest_leads_out() {
    let disk = Disk::new().await;
    let key = forge::manifest_key("d", 2);
    let good = fs::read(disk.path(&key)).unwrap();
    for pointer in ["/files/0/path", "/attachments/0/path"] {
        for way in ways_out(&disk, "datasets/d/") {
            disk.edit(&key, |json| *json.pointer_mut(pointer).unwrap() = json!(way));
            let cold = disk.cold();
            let error = cold.latest().await.unwrap_err();
            let Error::ManifestInvalid { path, field, .. } = &error else { panic!("{error}") };
            assert_eq!((path, field.ends_with("].path")), (&key, true), "{error}");
            assert!(cold.append(&rows(9..10), metadata! {}).await.is_err());
            let history: Vec<_> = cold.history().collect::<Vec<_>>().await;
            assert_eq!(history.iter().filter(|one| one.is_ok()).count(), 1, "{way}");
            fs::write(disk.path(&key), &good).unwrap();
        }
    }
    let key = "volumes/v/snapshots/0000000000000000001/manifest.json";
    let good = fs::read(disk.path(key)).unwrap();
    for way in ways_out(&disk, "volumes/v/") {
        disk.edit(key, |json| json["blocks"][0]["path"] = json!(way));
        let error = Volume::open(disk.dataset.store(), "v").await.unwrap_err();
        assert!(matches!(&error, Error::ManifestInvalid { path, .. } if path == key), "{error}");
        fs::write(disk.path(key), &good).unwrap();
    }
    assert_eq!(disk.cold().latest().await.unwrap().unwrap().id().get(), 2);
    disk.assert_secret_is_there();
}

/// Keys are names byte for byte: what is encoded is not decoded on its way to the disk.
#[tokio::test]
async fn encoded_dots_and_slashes_are_only_names() {
    let disk = Disk::new().await;
    let key = forge::manifest_key("d", 2);
    for way in
        ["%2e%2e/%2e%2e/%2e%2e/secret", "..%2f..%2f..%2fsecret", "%2e%2e%5csecret", "data/.../x"]
    {
        disk.edit(&key, |json| {
            json["files"][0]["path"] = json!(format!("datasets/d/{way}"));
            json["attachments"][0]["path"] = json!(format!("datasets/d/attachments/{way}"));
        });
        let cold = disk.cold();
        let snapshot = cold.latest().await.unwrap().unwrap();
        let error = cold.read(&snapshot).await.unwrap_err();
        assert!(error.is_corrupt() && error.to_string().contains("missing"), "{error}");
        let error = cold.attachment(&snapshot, "a").await.unwrap_err();
        assert!(error.is_corrupt() && error.to_string().contains("missing"), "{error}");
    }
}

/// A list of condemned objects is compared with a writer's own, and never used as names; what a manifest
/// says of the last clean-up is an id, or nothing.
#[tokio::test]
async fn no_list_of_a_clean_up_leads_out() {
    let disk = Disk::new().await;
    let store = disk.dataset.store().object_store();
    let transaction = disk.dataset.begin(metadata! {}).append().await.unwrap();
    transaction.write(&rows(6..7)).await.unwrap();
    let condemned = ways_out(&disk, "datasets/d/");
    let write_id = crate::support::ambient::uuid(7);
    forge::gc(&**store, "d", 2, write_id, &condemned).await;
    let snapshot = transaction.commit().await.unwrap();
    assert_eq!(numbers(&disk.dataset, &snapshot).await.unwrap(), [3, 4, 5, 6]);
    disk.assert_secret_is_there();

    let key = forge::manifest_key("d", 4);
    let ways = ["../../secret", "0000000000000000003-../../../../secret", "/secret"];
    for way in ways {
        disk.edit(&key, |json| json["last_gc"] = json!(way));
        let error = disk.cold().latest().await.unwrap_err();
        assert!(matches!(&error, Error::ManifestInvalid { field, .. } if field == "last_gc"));
    }
}

/// What a hint says is an id, or is ignored.
#[tokio::test]
async fn no_hint_leads_out() {
    let disk = Disk::new().await;
    let long = "1".repeat(1 << 20);
    for hint in ["../../secret", "/etc/passwd", "0", "-1", "99999999999999999999", "\0", &long] {
        fs::write(disk.path("datasets/d/latest"), hint).unwrap();
        assert_eq!(disk.cold().latest().await.unwrap().unwrap().id().get(), 2, "{hint:.20}");
    }
}

/// Odd names in the folders that are listed belong to nobody.
#[tokio::test]
async fn names_that_are_no_ids_are_left_alone() {
    let disk = Disk::new().await;
    let names = ["..%2f", "0000000000000000000", "3", "00000000000000000003", "９", "a b", "zzz"];
    for name in names {
        let folder = disk.path("datasets/d/snapshots").join(name);
        fs::create_dir_all(&folder).unwrap();
        fs::write(folder.join("manifest.json"), "{}").unwrap();
    }
    fs::remove_file(disk.path("datasets/d/latest")).unwrap();
    let ids: Vec<u64> =
        disk.cold().snapshots().await.unwrap().into_iter().map(|id| id.get()).collect();
    assert_eq!(ids, [1, 2]);
    for name in ["a b", "..%2f", ".hidden", "VOLUMES"] {
        let folder = disk.path("datasets").join(name).join("snapshots/0000000000000000001");
        fs::create_dir_all(&folder).unwrap();
        fs::write(folder.join("manifest.json"), "{}").unwrap();
    }
    let found = Catalog::new(disk.dataset.store()).datasets().await.unwrap();
    assert_eq!(found.iter().map(|id| id.as_str()).collect::<Vec<_>>(), ["d"]);
}

/// Symbolic links are followed: whoever can make one in the directory could write there anyway, and a
/// dataset may lie on another disk. What they lead to is verified like everything else.
#[tokio::test]
async fn links_are_followed_and_what_they_lead_to_is_verified() {
    let disk = Disk::new().await;
    let cold = disk.cold();
    let snapshot: Snapshot<Row> = cold.latest().await.unwrap().unwrap();
    let file = disk.path(&snapshot.files()[0].path);
    let elsewhere = disk.dir.path().join("elsewhere");
    fs::rename(&file, &elsewhere).unwrap();
    symlink(&elsewhere, &file).unwrap();
    assert_eq!(numbers(&cold, &snapshot).await.unwrap(), [3, 4, 5]);

    for target in ["secret", "nothing"] {
        replace_by_link(&file, &disk.dir.path().join(target));
        let error = cold.read(&snapshot).await.unwrap_err();
        assert!(error.is_corrupt(), "{error}");
        assert!(!format!("{error:?}").contains("nobody who reads"), "{error:?}");
    }
    let attached = disk.path(&snapshot.attachments()[0].path);
    replace_by_link(&attached, &disk.dir.path().join("secret"));
    let error = cold.attachment(&snapshot, "a").await.unwrap_err();
    assert!(error.is_corrupt(), "{error}");
    let volume = Volume::open(cold.store(), "v").await.unwrap();
    replace_by_link(&disk.path(&volume.blocks()[0].path), &disk.dir.path().join("secret"));
    let error = volume.read_at(0..4).await.unwrap_err();
    assert!(error.is_corrupt(), "{error}");
    // Writing and going back leaves what links lead to alone.
    let transaction = cold.begin(metadata! {}).append().await.unwrap();
    transaction.write(&rows(6..7)).await.unwrap();
    transaction.abort().await;
    disk.assert_secret_is_there();
}

fn replace_by_link(path: &Path, target: &Path) {
    fs::remove_file(path).unwrap();
    symlink(target, path).unwrap();
}

/// A whole dataset on another disk; and links that lead nowhere, or in a circle.
#[tokio::test]
async fn a_folder_may_be_a_link_and_a_circle_is_no_trap() {
    let disk = Disk::new().await;
    let elsewhere = disk.dir.path().join("elsewhere");
    fs::rename(disk.path("datasets/d"), &elsewhere).unwrap();
    symlink(&elsewhere, disk.path("datasets/d")).unwrap();
    let cold = disk.cold();
    let snapshot = cold.append(&rows(6..8), metadata! {}).await.unwrap();
    assert_eq!(numbers(&cold, &snapshot).await.unwrap(), [3, 4, 5, 6, 7]);
    assert_eq!(cold.snapshots().await.unwrap().len(), 3);
    assert!(elsewhere.join("snapshots/0000000000000000003/manifest.json").is_file());

    symlink(disk.dir.path().join("nothing"), elsewhere.join("snapshots/nothing")).unwrap();
    assert_eq!(disk.cold().snapshots().await.unwrap().len(), 3);
    symlink(&elsewhere, elsewhere.join("snapshots/circle")).unwrap();
    // It is listed or refused, and ends.
    let cold = disk.cold();
    let listed = cold.snapshots();
    let listed = tokio::time::timeout(std::time::Duration::from_secs(60), listed).await.unwrap();
    match listed {
        Ok(ids) => assert_eq!(ids.len(), 3),
        Err(error) => assert!(matches!(error, Error::Storage { .. }), "{error}"),
    }
}
