use super::*;

fn attachment(name: &str) -> Attachment {
    let path = format!("a/{name}");
    Attachment { name: name.to_owned(), path, size_bytes: 1, checksum: None }
}

#[test]
fn what_is_staged_before_the_end_counts_and_nothing_after() {
    let ledger = Ledger::default();
    assert!(ledger.call().unwrap().staged(vec![FileRef::new("a", 1)]));
    drop(ledger.call().unwrap());
    let late = ledger.call().unwrap();
    let late_attachment = ledger.attach("late").unwrap();
    assert!(ledger.attach("one").unwrap().attached(attachment("one")));

    let ended = ledger.end();
    assert_eq!((ended.was_open, ended.calls, ended.stored.files.len()), (true, 2, 1));
    assert_eq!(ended.stored.attachments, [attachment("one")]);
    assert!(!late.staged(vec![FileRef::new("b", 1)]));
    assert!(!late_attachment.attached(attachment("late")));
    assert_eq!(ledger.call().unwrap_err(), Refused::Ended);
    let again = ledger.end();
    assert_eq!((again.was_open, again.calls, again.stored.files.len()), (false, 0, 0));
}

#[test]
fn a_name_is_free_again_only_when_its_call_failed() {
    let ledger = Ledger::default();
    let first = ledger.attach("one").unwrap();
    assert_eq!(ledger.attach("one").unwrap_err(), Refused::NameTaken);
    drop(first);
    assert!(ledger.attach("one").unwrap().attached(attachment("one")));
    assert_eq!(ledger.attach("one").unwrap_err(), Refused::NameTaken);
    assert_eq!(ledger.end().calls, 0);
}
