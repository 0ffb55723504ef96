//! What was answered is there afterwards, in order, once.

use std::os::unix::fs::PermissionsExt as _;
use std::sync::mpsc::channel;

use futures::channel::oneshot;
use futures::future::join_all;
use maps_engine::Snapshot;

use super::*;
use crate::journal::Header;
use crate::lock::Lock;
use crate::writer::{Job, Position, Writer};

#[test]
fn entries_and_snapshots_come_back_as_they_were() {
    let dir = tempfile::tempdir().unwrap();
    let entries = made("a", &[("size", Value::from(3))]);
    append(&open(dir.path()), entries.clone());
    let store = open(dir.path());
    assert_eq!(block_on(store.load()).unwrap().entries, entries);
    commit(&store);
    append(&store, made("b", &[]));
    let loaded = block_on(store.load()).unwrap();
    assert_eq!(loaded.snapshot.serial, 1);
    assert_eq!(loaded.snapshot.state.resources.len(), 1);
    assert_eq!(loaded.entries, made("b", &[]));
    drop(store);
    assert_eq!(found(dir.path()), ["a", "b"]);
}

#[test]
fn appends_that_wait_together_share_one_synchronisation() {
    let dir = tempfile::tempdir().unwrap();
    let lock = Lock::take(&dir.path().join("lock"), 1).unwrap();
    let header = Header::new(&Snapshot::new("shop", None), None);
    let mut writer = Writer::new(dir.path().to_owned(), None, Position::Start(header), lock);
    let (jobs, receiver) = channel();
    let answers: Vec<_> = (0..50)
        .map(|n| {
            let (reply, answer) = oneshot::channel();
            jobs.send(Job::Append(vec![format!("{n}").into_bytes()], reply)).unwrap();
            answer
        })
        .collect();
    drop(jobs);
    writer.serve(&receiver);
    assert_eq!(writer.syncs, 1);
    for answer in block_on(join_all(answers)) {
        answer.unwrap().unwrap();
    }
    let stored = crate::journal::read(dir.path()).unwrap().unwrap();
    let lines: Vec<_> = stored.entries().map(|(_, json)| String::from_utf8_lossy(json).into_owned()).collect();
    assert_eq!(lines, (0..50).map(|n| n.to_string()).collect::<Vec<_>>(), "in the order of the calls");
}

#[test]
fn concurrent_appends_are_all_there() {
    let dir = tempfile::tempdir().unwrap();
    let store = open(dir.path());
    std::thread::scope(|scope| {
        for n in 0..16 {
            let journal = store.journal();
            scope.spawn(move || block_on(journal.append(made(&format!("r{n:02}"), &[]))).unwrap());
        }
    });
    assert_eq!(block_on(store.load()).unwrap().entries.len(), 32);
    assert_eq!(found(dir.path()).len(), 16);
}

#[test]
fn a_crash_between_the_snapshot_and_the_next_journal_folds_nothing_twice() {
    let dir = tempfile::tempdir().unwrap();
    let store = open(dir.path());
    append(&store, made("a", &[]));
    commit(&store);
    append(&store, made("b", &[]));
    let before = fs::read(journal(dir.path())).unwrap();
    commit(&store);
    drop(store);
    // As if the process had died right after the snapshot was renamed.
    fs::write(journal(dir.path()), before).unwrap();
    let seen = read(&location(dir.path())).unwrap().loaded;
    assert_eq!((seen.snapshot.serial, seen.entries.len()), (2, 0));
    let store = open(dir.path());
    append(&store, made("c", &[]));
    assert_eq!(block_on(store.load()).unwrap().entries, made("c", &[]));
    commit(&store);
    drop(store);
    assert_eq!(found(dir.path()), ["a", "b", "c"]);
}

#[test]
fn a_crash_before_the_first_snapshot_leaves_the_journal_as_it_was() {
    let dir = tempfile::tempdir().unwrap();
    let store = open(dir.path());
    append(&store, made("a", &[]));
    drop(store);
    fs::write(dir.path().join("shop/snapshot.new"), "half a snapsh").unwrap();
    assert_eq!(found(dir.path()), ["a"]);
    commit(&open(dir.path()));
    assert_eq!(found(dir.path()), ["a"]);
    assert!(!dir.path().join("shop/snapshot.new").exists());
}

#[test]
fn readers_see_a_pair_that_belongs_together_while_a_writer_commits() {
    let dir = tempfile::tempdir().unwrap();
    let store = open(dir.path());
    append(&store, made("r000", &[]));
    let done = std::sync::atomic::AtomicBool::new(false);
    std::thread::scope(|scope| {
        scope.spawn(|| {
            for n in 1..40 {
                append(&store, made(&format!("r{n:03}"), &[]));
                commit(&store);
            }
            done.store(true, std::sync::atomic::Ordering::Release);
        });
        let mut last = 1;
        loop {
            let finished = done.load(std::sync::atomic::Ordering::Acquire);
            let names = found(dir.path());
            assert!(names.len() >= last, "nothing that was there is lost");
            let expected: Vec<_> = (0..names.len()).map(|n| format!("r{n:03}")).collect();
            assert_eq!(names, expected, "nothing is missing in between");
            last = names.len();
            if finished {
                break;
            }
        }
        assert_eq!(last, 40);
    });
}

#[test]
fn a_torn_line_is_cut_off_before_the_next_one_is_written() {
    let dir = tempfile::tempdir().unwrap();
    append(&open(dir.path()), made("a", &[]));
    let mut bytes = fs::read(journal(dir.path())).unwrap();
    bytes.extend(br#"{"n":3,"sum":"00"#);
    fs::write(journal(dir.path()), bytes).unwrap();
    let store = open(dir.path());
    assert_eq!(store.notes()[0].code, "torn-journal");
    append(&store, made("b", &[]));
    drop(store);
    assert_eq!(found(dir.path()), ["a", "b"]);
    assert!(open(dir.path()).notes().is_empty());
}

#[test]
fn a_run_without_changes_writes_nothing() {
    let dir = tempfile::tempdir().unwrap();
    let store = open(dir.path());
    append(&store, made("a", &[("password", Value::from("x").secret())]));
    commit(&store);
    drop(store);
    let before = files(dir.path());
    let store = open(dir.path());
    block_on(store.load()).unwrap();
    block_on(store.journal().append(Vec::new())).unwrap();
    drop(store);
    read(&location(dir.path())).unwrap();
    assert_eq!(files(dir.path()), before);
}

#[test]
fn reading_makes_no_folder() {
    let dir = tempfile::tempdir().unwrap();
    let nothing = read(&location(dir.path())).unwrap().loaded;
    assert_eq!((nothing.snapshot.serial, nothing.entries.len()), (0, 0));
    assert!(files(dir.path()).is_empty());
    assert!(!dir.path().join("shop").exists());
}

#[test]
fn one_writer_at_a_time_and_journal_handles_count() {
    let dir = tempfile::tempdir().unwrap();
    let store = open(dir.path());
    let second = FileStore::open(location(dir.path()), 2).err().unwrap();
    assert_eq!(second.code(), "state-locked");
    assert!(second.to_string().contains(&format!("process {}", std::process::id())), "{second}");
    let handle = store.journal();
    drop(store);
    assert!(FileStore::open(location(dir.path()), 2).is_err(), "a handle may still write");
    drop(handle);
    open(dir.path());
}

#[test]
fn what_is_written_is_for_its_owner_only() {
    let dir = tempfile::tempdir().unwrap();
    let store = open(dir.path());
    append(&store, made("a", &[("password", Value::from("x").secret())]));
    commit(&store);
    append(&store, made("b", &[]));
    commit(&store);
    for path in files(dir.path()).keys() {
        assert_eq!(fs::metadata(path).unwrap().permissions().mode() & 0o777, 0o600, "{}", path.display());
    }
    for folder in ["shop", "shop/history"] {
        assert_eq!(fs::metadata(dir.path().join(folder)).unwrap().permissions().mode() & 0o777, 0o700, "{folder}");
    }
}

#[test]
fn history_keeps_the_last_snapshots_and_no_more() {
    let dir = tempfile::tempdir().unwrap();
    let store = open(dir.path());
    for n in 0..25 {
        append(&store, made(&format!("r{n}"), &[]));
        commit(&store);
    }
    let mut kept: Vec<_> = files(&dir.path().join("shop/history")).into_keys().collect();
    kept.sort();
    let serial = |path: &PathBuf| path.file_stem().unwrap().to_str().unwrap().parse::<u64>().unwrap();
    assert_eq!(kept.iter().map(serial).collect::<Vec<_>>(), (5..25).collect::<Vec<_>>());
}

#[test]
fn after_a_failed_write_nothing_is_written_any_more() {
    let dir = tempfile::tempdir().unwrap();
    let store = open(dir.path());
    append(&store, made("a", &[]));
    let Loaded { snapshot, .. } = block_on(store.load()).unwrap();
    let mut skipped = snapshot.next(snapshot.state.clone());
    skipped.serial += 1;
    block_on(store.commit(&skipped)).unwrap_err();
    let refused = block_on(store.journal().append(made("b", &[]))).unwrap_err();
    assert!(refused.to_string().contains("nothing more can be written"), "{refused}");
    drop(store);
    assert_eq!(found(dir.path()), ["a"]);
}
