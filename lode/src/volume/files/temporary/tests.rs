use std::sync::Barrier;
use std::thread;

use super::*;

fn names(dir: &Path) -> Vec<String> {
    let entries = fs::read_dir(dir).unwrap();
    let mut names: Vec<_> =
        entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
    names.sort();
    names
}

#[test]
fn where_there_are_no_links_a_name_is_given_once() {
    const WRITERS: usize = 4;
    let dir = tempfile::tempdir().unwrap();
    let target = dir.path().join("copy.img");
    for _ in 0..200 {
        let barrier = Barrier::new(WRITERS);
        let rename = |writer: usize| {
            let from = dir.path().join(writer.to_string());
            fs::write(&from, writer.to_string()).unwrap();
            barrier.wait();
            rename_new(&from, &target)
        };
        let named: Vec<_> = thread::scope(|scope| {
            let rename = &rename;
            let writers = [0, 1, 2, 3].map(|writer| scope.spawn(move || rename(writer)));
            writers.into_iter().map(|writer| writer.join().unwrap()).collect()
        });
        let mut first = Vec::new();
        for (writer, named) in named.into_iter().enumerate() {
            match named {
                Ok(()) => first.push(writer.to_string()),
                Err(error) => assert_eq!(error.kind(), io::ErrorKind::AlreadyExists, "{error}"),
            }
        }
        assert_eq!(first.len(), 1, "{first:?} have the name");
        assert_eq!(fs::read_to_string(&target).unwrap(), first[0]);
        fs::remove_file(&target).unwrap();
    }
}

#[test]
fn a_file_without_links_that_cannot_be_renamed_takes_no_name() {
    let dir = tempfile::tempdir().unwrap();
    let target = dir.path().join("copy.img");
    let error = rename_new(&dir.path().join("missing"), &target).unwrap_err();
    assert_eq!(error.kind(), io::ErrorKind::NotFound);
    assert_eq!(names(dir.path()), [""; 0]);
    fs::write(&target, "precious").unwrap();
    let other = dir.path().join("other");
    fs::write(&other, "other").unwrap();
    let error = rename_new(&other, &target).unwrap_err();
    assert_eq!(error.to_string(), exists().to_string());
    assert_eq!(fs::read_to_string(&target).unwrap(), "precious");
}
