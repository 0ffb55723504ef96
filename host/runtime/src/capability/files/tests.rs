//! What can be opened below a folder.

#![allow(clippy::unwrap_used)]

use std::fs;
use std::os::unix::fs::symlink;

use super::beneath::{ENTRIES, FILE_BYTES, Fault, Root};

fn folder() -> (tempfile::TempDir, Root) {
    let dir = tempfile::tempdir().unwrap();
    let root = Root::open(dir.path()).unwrap();
    (dir, root)
}

#[test]
fn a_path_is_opened_part_by_part_and_never_leaves_the_folder() {
    let (dir, root) = folder();
    let at = |path: &str| dir.path().join(path);
    fs::create_dir_all(at("a/b")).unwrap();
    fs::write(at("a/b/file"), "content").unwrap();
    symlink("b/../b/./file", at("a/near")).unwrap();
    symlink("a/b", at("folder")).unwrap();
    symlink("../../..", at("a/b/up")).unwrap();
    symlink("one", at("two")).unwrap();
    symlink("two", at("one")).unwrap();
    for (path, real) in [("a/b/file", "a/b/file"), ("a/near", "a/b/file"), ("folder/file", "a/b/file")] {
        assert_eq!(root.read(path), Ok((b"content".to_vec(), real.to_owned())), "{path}");
    }
    for (path, fault) in [
        ("a/b", Fault::NoFile),
        ("a/b/file/more", Fault::NotFound),
        ("nothing/at/all", Fault::NotFound),
        ("a/b/up/etc/passwd", Fault::Outside),
        ("one", Fault::Loop),
    ] {
        assert_eq!(root.read(path).unwrap_err(), fault, "{path}");
    }
}

#[test]
fn a_pipe_is_no_file_and_is_not_waited_for() {
    let (dir, root) = folder();
    rustix::fs::mknodat(
        rustix::fs::CWD,
        dir.path().join("pipe"),
        rustix::fs::FileType::Fifo,
        rustix::fs::Mode::from_raw_mode(0o600),
        0,
    )
    .unwrap();
    assert_eq!(root.read("pipe").unwrap_err(), Fault::NoFile);
    assert_eq!(root.list("", &mut 10).unwrap(), []);
}

#[test]
fn a_file_past_the_limit_is_not_read_to_its_end() {
    let (dir, root) = folder();
    fs::File::create(dir.path().join("large")).unwrap().set_len(1 << 40).unwrap();
    assert_eq!(root.read("large").unwrap_err(), Fault::Size(FILE_BYTES));
}

#[test]
fn a_listing_has_each_file_once_by_each_way_and_ends() {
    let (dir, root) = folder();
    let at = |path: &str| dir.path().join(path);
    fs::create_dir_all(at("a/b")).unwrap();
    fs::write(at("a/one"), "").unwrap();
    fs::write(at("a/b/two"), "").unwrap();
    symlink("..", at("a/b/around")).unwrap();
    symlink("b", at("a/c")).unwrap();
    symlink("/etc", at("a/out")).unwrap();
    let mut left = ENTRIES;
    let found: Vec<_> =
        root.list("a", &mut left).unwrap().into_iter().map(|(named, real)| format!("{named}={real}")).collect();
    assert_eq!(found, ["a/b/two=a/b/two", "a/c/two=a/b/two", "a/one=a/one"]);
    assert_eq!(root.list("", &mut 3).unwrap_err(), Fault::Many);
    assert_eq!(root.list("none", &mut 3), Ok(Vec::new()));
}
