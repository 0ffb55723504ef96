//! Secrets at rest: never in clear, never opened elsewhere, and no key where there is none to open.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use super::*;

const PLANTED: &str = "dop_v1_5f4dcc3b5aa765d61d8327deb882cf99";

fn with_secrets(dir: &Path) -> FileStore {
    let nested = Value::List(vec![Value::Map(Map::from([("token".to_owned(), Value::from(PLANTED).secret())]))]);
    let store = open(dir);
    append(&store, made("a", &[("password", Value::from(PLANTED).secret()), ("pools", nested)]));
    store
}

#[test]
fn secrets_are_in_no_file_and_come_back_as_secrets() {
    let dir = tempfile::tempdir().unwrap();
    let store = with_secrets(dir.path());
    commit(&store);
    append(&store, made("b", &[("password", Value::from(PLANTED).secret())]));
    drop(store);
    let encoded = STANDARD.encode(PLANTED);
    for (path, bytes) in files(dir.path()) {
        let text = String::from_utf8_lossy(&bytes);
        assert!(!text.contains(PLANTED) && !text.contains(&encoded), "{}", path.display());
    }
    let loaded = read(&location(dir.path())).unwrap().loaded;
    let inputs = &loaded.snapshot.state.resources["a"].current.as_ref().unwrap().inputs;
    let password = inputs.get("password").unwrap();
    assert!(matches!(password, Value::Secret(_)));
    assert_eq!(password.as_str(), Some(PLANTED));
    assert!(inputs.get("pools").unwrap().has_secret());
}

#[test]
fn without_secrets_no_key_is_made_or_read() {
    let dir = tempfile::tempdir().unwrap();
    let store = open(dir.path());
    append(&store, made("a", &[]));
    commit(&store);
    drop(store);
    assert!(!dir.path().join("key").exists());
    // A key that cannot be used does not matter either.
    fs::write(dir.path().join("key"), "short").unwrap();
    assert_eq!(found(dir.path()), ["a"]);
}

#[test]
fn a_lost_key_is_said_and_no_new_one_takes_its_place() {
    let dir = tempfile::tempdir().unwrap();
    drop(with_secrets(dir.path()));
    fs::remove_file(dir.path().join("key")).unwrap();
    let error = refused(dir.path());
    assert_eq!(error.code(), "state-key");
    assert!(error.help().contains("put back"), "{}", error.help());
    assert!(!dir.path().join("key").exists());
}

#[test]
fn a_ciphertext_moved_to_another_place_or_stack_is_not_opened() {
    let dir = tempfile::tempdir().unwrap();
    let codec = crate::codec::Codec::new("shop", &dir.path().join("key"));
    let path = dir.path().join("journal.jsonl");
    let entry =
        made("a", &[("password", Value::from(PLANTED).secret()), ("user", Value::from("u").secret())]).remove(0);
    let json = String::from_utf8(codec.encode_entry(entry.clone(), &path).unwrap()).unwrap();
    assert_eq!(codec.decode_entry(json.as_bytes(), &path, 2).unwrap(), entry);

    let swapped =
        json.replace("\"password\"", "\"p\"").replace("\"user\"", "\"password\"").replace("\"p\"", "\"user\"");
    let elsewhere = json.replace("op-a", "op-b");
    for moved in [swapped, elsewhere] {
        let error = codec.decode_entry(moved.as_bytes(), &path, 2).unwrap_err();
        assert_eq!(error.code(), "state-secret", "{moved}");
    }
    let other = crate::codec::Codec::new("shop2", &dir.path().join("key"));
    assert_eq!(other.decode_entry(json.as_bytes(), &path, 2).unwrap_err().code(), "state-secret");
}

#[test]
fn a_ciphertext_of_one_environment_is_not_opened_in_another() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("journal.jsonl");
    let codec = |environment: Option<&str>| {
        Location::new(dir.path().join("shop"), "shop", environment.map(str::to_owned)).codec()
    };
    let entry = made("a", &[("password", Value::from(PLANTED).secret())]).remove(0);
    let json = codec(Some("prod")).encode_entry(entry.clone(), &path).unwrap();
    assert_eq!(codec(Some("prod")).decode_entry(&json, &path, 2).unwrap(), entry);
    for other in [None, Some("dev")] {
        assert_eq!(codec(other).decode_entry(&json, &path, 2).unwrap_err().code(), "state-secret", "{other:?}");
    }
}

#[test]
fn data_that_would_come_back_as_something_else_is_refused() {
    for key in ["$encrypted", "$unknown"] {
        for wrap in [|value| value, Value::secret] {
            let dir = tempfile::tempdir().unwrap();
            let store = open(dir.path());
            let reserved = wrap(Value::Map(Map::from([(key.to_owned(), Value::from(true))])));
            let error = block_on(store.journal().append(made("a", &[("data", reserved)]))).unwrap_err();
            assert!(error.to_string().contains(key), "{error}");
            append(&store, made("b", &[]));
        }
    }
}
