//! Files that are not what maps wrote: told apart, told where, and never believed.

use proptest::prelude::*;

use super::*;

/// A folder with a committed snapshot, one made object after it, and a secret in each.
fn standing(dir: &Path) {
    let secret = Value::from("hunter2").secret();
    let store = open(dir);
    append(&store, made("a", &[("password", secret.clone())]));
    commit(&store);
    append(&store, made("b", &[("password", secret)]));
}

fn edit(path: &Path, from: &str, to: &str) {
    let text = fs::read_to_string(path).unwrap();
    assert!(text.contains(from));
    fs::write(path, text.replacen(from, to, 1)).unwrap();
}

#[test]
fn rt39_a_truncated_snapshot_is_refused() {
    let dir = tempfile::tempdir().unwrap();
    standing(dir.path());
    let whole = fs::read(snapshot(dir.path())).unwrap();
    for length in [0, 1, 40, 200, whole.len() - 1] {
        fs::write(snapshot(dir.path()), &whole[..length]).unwrap();
        let error = refused(dir.path());
        assert_eq!(error.code(), "state-damaged", "{length}: {error}");
        assert!(error.diagnostic().help.unwrap().contains("backup"));
    }
    assert_eq!(fs::read(snapshot(dir.path())).unwrap().len(), whole.len() - 1, "nothing was mended");
}

#[test]
fn rt39_an_edited_snapshot_is_refused() {
    let dir = tempfile::tempdir().unwrap();
    standing(dir.path());
    edit(&snapshot(dir.path()), "id-a", "id-x");
    let error = refused(dir.path());
    assert!(error.to_string().contains("does not match its checksum"), "{error}");
}

#[test]
fn rt39_a_snapshot_of_another_stack_or_environment_is_refused() {
    let dir = tempfile::tempdir().unwrap();
    standing(dir.path());
    for (stack, environment) in [("market", None), ("shop", Some("prod".to_owned()))] {
        let folder = dir.path().join("shop");
        let location = Location::new(&folder, stack, environment);
        let error = read(&location).unwrap_err();
        // Its secrets are bound to the stack too, and are looked at first.
        assert!(["state-foreign", "state-secret"].contains(&error.code()), "{error}");
        assert!(FileStore::open(location, 1).is_err());
    }
}

#[test]
fn rt39_a_snapshot_swapped_for_another_of_the_same_stack_is_refused() {
    let (one, two) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    standing(one.path());
    let store = FileStore::open(location(two.path()).key_file(one.path().join("key")), 1).unwrap();
    append(&store, made("z", &[]));
    commit(&store);
    drop(store);
    let whole = fs::read(snapshot(one.path())).unwrap();
    fs::copy(snapshot(two.path()), snapshot(one.path())).unwrap();
    assert_eq!(refused(one.path()).code(), "state-foreign");

    // An older one of its own is no better: the journal says which snapshot it follows.
    fs::write(snapshot(one.path()), whole).unwrap();
    commit(&open(one.path()));
    fs::copy(one.path().join("shop/history/00000000000000000001.json"), snapshot(one.path())).unwrap();
    assert_eq!(refused(one.path()).code(), "state-foreign");
}

#[test]
fn rt39_a_journal_of_another_stack_is_refused() {
    let (one, two) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    append(&open(one.path()), made("a", &[]));
    append(&FileStore::open(Location::new(two.path().join("shop"), "market", None), 1).unwrap(), made("b", &[]));
    fs::copy(journal(two.path()), journal(one.path())).unwrap();
    let error = refused(one.path());
    assert!(error.to_string().contains("the stack \"market\""), "{error}");
}

#[test]
fn rt39_a_missing_half_is_noticed() {
    let dir = tempfile::tempdir().unwrap();
    standing(dir.path());
    let kept = fs::read(journal(dir.path())).unwrap();
    fs::remove_file(journal(dir.path())).unwrap();
    assert_eq!(refused(dir.path()).code(), "state-damaged");
    fs::write(journal(dir.path()), kept).unwrap();
    fs::remove_file(snapshot(dir.path())).unwrap();
    assert!(refused(dir.path()).to_string().contains("which is missing"));
}

#[test]
fn rt39_a_torn_last_journal_line_is_left_out_and_said() {
    let dir = tempfile::tempdir().unwrap();
    standing(dir.path());
    let whole = fs::read(journal(dir.path())).unwrap();
    let last = whole[..whole.len() - 1].iter().rposition(|byte| *byte == b'\n').unwrap() + 1;
    for length in last + 1..whole.len() {
        fs::write(journal(dir.path()), &whole[..length]).unwrap();
        let found = read(&location(dir.path())).unwrap();
        assert_eq!(found.loaded.entries.len(), 1, "cut at {length}");
        assert_eq!(found.notes[0].code, "torn-journal");
    }
}

#[test]
fn rt39_a_damaged_middle_line_is_an_error_with_its_number() {
    let dir = tempfile::tempdir().unwrap();
    standing(dir.path());
    let whole = fs::read_to_string(journal(dir.path())).unwrap();
    let lines: Vec<_> = whole.lines().collect();
    assert_eq!(lines.len(), 3);
    let damages = [
        [lines[0], "", lines[2]],
        [lines[0], &lines[1][..lines[1].len() / 2], lines[2]],
        [lines[0], &lines[1].replace("\"at\":1", "\"at\":2"), lines[2]],
        [lines[0], lines[2], lines[1]],
    ];
    for damage in damages {
        fs::write(journal(dir.path()), damage.join("\n") + "\n").unwrap();
        let error = refused(dir.path());
        assert!(error.to_string().contains("is damaged at line 2"), "{error}");
    }
    // A whole line taken out, so that those around it still look well.
    fs::write(journal(dir.path()), [lines[0], lines[2], ""].join("\n")).unwrap();
    assert!(refused(dir.path()).to_string().contains("entry 2 stands where entry 1 belongs"));
}

#[test]
fn rt39_a_newer_format_is_told_from_damage() {
    let dir = tempfile::tempdir().unwrap();
    standing(dir.path());
    edit(&snapshot(dir.path()), "\"format\":1", "\"format\":2");
    assert_eq!(refused(dir.path()).code(), "state-newer");
}

/// What happens to a file behind our back.
#[derive(Clone, Debug)]
enum Damage {
    Set(usize, u8),
    Cut(usize),
    Insert(usize, Vec<u8>),
    Remove(usize, usize),
}

impl Damage {
    fn to(&self, bytes: &mut Vec<u8>) {
        let size = bytes.len();
        match self {
            Self::Set(at, byte) if size > 0 => bytes[at % size] = *byte,
            Self::Cut(at) => bytes.truncate(at % (size + 1)),
            Self::Insert(at, new) => drop(bytes.splice(at % (size + 1)..at % (size + 1), new.iter().copied())),
            Self::Remove(at, count) => {
                let at = at % (size + 1);
                drop(bytes.drain(at..(at + count).min(size)));
            }
            Self::Set(..) => {}
        }
    }
}

fn damage() -> impl Strategy<Value = Damage> {
    let at = 0..100_000_usize;
    prop_oneof![
        (at.clone(), any::<u8>()).prop_map(|(at, byte)| Damage::Set(at, byte)),
        at.clone().prop_map(Damage::Cut),
        (at.clone(), proptest::collection::vec(any::<u8>(), 1..40)).prop_map(|(at, new)| Damage::Insert(at, new)),
        (at, 1..400_usize).prop_map(|(at, count)| Damage::Remove(at, count)),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 300, failure_persistence: None, ..ProptestConfig::default() })]

    /// Whatever happens to the files: an error, or the truth, or the truth without the last
    /// entries of a journal that was cut at its end.
    #[test]
    fn rt39_random_corruption_never_panics_and_never_lies(
        of_journal in any::<bool>(),
        damages in proptest::collection::vec(damage(), 1..4),
    ) {
        let dir = tempfile::tempdir().unwrap();
        standing(dir.path());
        let truth = read(&location(dir.path())).unwrap().loaded;
        let path = if of_journal { journal(dir.path()) } else { snapshot(dir.path()) };
        let mut bytes = fs::read(&path).unwrap();
        for damage in &damages {
            damage.to(&mut bytes);
        }
        fs::write(&path, &bytes).unwrap();
        if let Ok(found) = read(&location(dir.path())) {
            prop_assert_eq!(&found.loaded.snapshot, &truth.snapshot);
            prop_assert!(truth.entries.starts_with(&found.loaded.entries));
            if !of_journal {
                prop_assert_eq!(found.loaded.entries.len(), truth.entries.len());
            }
        }
    }
}

#[test]
fn rt36_a_link_in_place_of_a_state_file_leads_nowhere() {
    for name in ["lock", "journal.jsonl"] {
        let dir = tempfile::tempdir().unwrap();
        standing(dir.path());
        // For the journal a whole one, which would be taken at its word.
        let victim = dir.path().join("victim");
        fs::copy(dir.path().join("shop/journal.jsonl"), &victim).unwrap();
        let before = fs::read(&victim).unwrap();
        fs::remove_file(dir.path().join("shop").join(name)).unwrap();
        std::os::unix::fs::symlink(&victim, dir.path().join("shop").join(name)).unwrap();
        let written = FileStore::open(location(dir.path()), 1)
            .map_err(|error| error.to_string())
            .and_then(|store| block_on(store.journal().append(made("c", &[]))).map_err(|error| error.to_string()));
        assert!(written.is_err(), "{name}");
        assert_eq!(fs::read(&victim).unwrap(), before, "{name}");
    }
}

#[test]
fn rt36_a_link_in_place_of_a_state_folder_leads_nowhere() {
    let dir = tempfile::tempdir().unwrap();
    let elsewhere = dir.path().join("elsewhere");
    fs::create_dir(&elsewhere).unwrap();
    std::os::unix::fs::symlink(&elsewhere, dir.path().join("shop")).unwrap();
    assert_eq!(FileStore::open(location(dir.path()), 1).err().map(|error| error.code()), Some("state-foreign"));
    assert_eq!(fs::read_dir(&elsewhere).unwrap().count(), 0);
}

#[test]
fn history_forgets_only_what_it_kept_itself() {
    let dir = tempfile::tempdir().unwrap();
    standing(dir.path());
    let store = open(dir.path());
    commit(&store);
    let history = dir.path().join("shop/history");
    for n in 0..30 {
        fs::write(history.join(format!("0-my-own-{n}.json")), "mine").unwrap();
    }
    commit(&store);
    let mine = fs::read_dir(&history)
        .unwrap()
        .filter(|e| e.as_ref().unwrap().file_name().to_string_lossy().contains("my-own"));
    assert_eq!(mine.count(), 30);
}
