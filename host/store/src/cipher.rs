//! Secrets at rest: AES-256-GCM, each ciphertext bound to the place where it stands.

use std::fs;
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};
use std::sync::OnceLock;

use aes_gcm::aead::{Aead as _, Payload};
use aes_gcm::{Aes256Gcm, KeyInit as _};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD_NO_PAD as BASE64;
use maps_engine::Value;
use sha2::{Digest as _, Sha256};
use zeroize::Zeroizing;

use crate::disk;
use crate::error::FileError;

const KEY_BYTES: usize = 32;
const NONCE_BYTES: usize = 12;
/// Names how the text after it is to be read.
const VERSION: &str = "v1:";

/// Where a secret stands. A ciphertext opens only where it was made.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Place<'a> {
    /// The stack.
    pub(crate) stack: &'a str,
    /// The resource's address, or what else owns the value.
    pub(crate) owner: &'a str,
    /// The path in it, as a JSON pointer.
    pub(crate) path: &'a str,
}

impl Place<'_> {
    /// Unambiguous: each part is preceded by its length.
    fn associated(&self) -> Vec<u8> {
        let mut bytes = b"maps secret v1".to_vec();
        for part in [self.stack, self.owner, self.path] {
            bytes.extend((part.len() as u64).to_be_bytes());
            bytes.extend(part.as_bytes());
        }
        bytes
    }

    pub(crate) fn text(&self) -> String {
        format!("{}{}", self.owner, self.path)
    }
}

/// The key as it is in use.
struct Opened {
    cipher: Aes256Gcm,
    /// Eight hex digits that tell one key from another without telling anything of it.
    id: String,
}

/// Encrypts and decrypts; reads its key file when a first secret needs it, and not before.
pub(crate) struct SecretBox {
    path: PathBuf,
    opened: OnceLock<Opened>,
}

impl SecretBox {
    pub(crate) fn new(path: PathBuf) -> Self {
        Self { path, opened: OnceLock::new() }
    }

    /// Encrypts a value for a place. The first ever secret makes the key.
    pub(crate) fn seal(&self, value: &Value, place: Place<'_>) -> Result<String, FileError> {
        let key = self.key(Missing::Make)?;
        let plain = Zeroizing::new(
            serde_json::to_vec(value)
                .map_err(|_| FileError::Secret { place: place.text(), what: "it holds a secret in a secret" })?,
        );
        let mut nonce = [0; NONCE_BYTES];
        getrandom::fill(&mut nonce)
            .map_err(|e| FileError::key(&self.path, format!("is of no use without randomness: {e}")))?;
        let sealed = key
            .cipher
            .encrypt(&nonce.into(), Payload { msg: &plain, aad: &place.associated() })
            .map_err(|_| FileError::Secret { place: place.text(), what: "it is too large" })?;
        let text = BASE64.encode([&nonce[..], &sealed].concat());
        Ok(format!("{VERSION}{}:{text}", key.id))
    }

    /// Decrypts what [`SecretBox::seal`] made for the same place.
    pub(crate) fn open(&self, text: &str, place: Place<'_>) -> Result<Value, FileError> {
        let broken = |what| FileError::Secret { place: place.text(), what };
        let (id, body) = text
            .strip_prefix(VERSION)
            .and_then(|rest| rest.split_once(':'))
            .ok_or_else(|| broken("its form is unknown to this maps"))?;
        let bytes = BASE64.decode(body).map_err(|_| broken("it was edited"))?;
        let (nonce, sealed) = bytes.split_first_chunk::<NONCE_BYTES>().ok_or_else(|| broken("it was cut short"))?;
        let key = self.key(Missing::Refuse)?;
        if key.id != id {
            return Err(FileError::key(
                &self.path,
                format!("is another one than the secret at `{}` needs", place.text()),
            ));
        }
        let plain = key
            .cipher
            .decrypt(&(*nonce).into(), Payload { msg: sealed, aad: &place.associated() })
            .map(Zeroizing::new)
            .map_err(|_| broken("it was edited, or made for another place"))?;
        serde_json::from_slice(&plain).map_err(|_| broken("what it holds is no value"))
    }

    fn key(&self, missing: Missing) -> Result<&Opened, FileError> {
        if let Some(opened) = self.opened.get() {
            return Ok(opened);
        }
        let bytes = match (read_key(&self.path)?, missing) {
            (Some(bytes), _) => bytes,
            (None, Missing::Make) => make_key(&self.path)?,
            (None, Missing::Refuse) => {
                return Err(FileError::key(&self.path, "is not there, and the state holds secrets made with it"));
            }
        };
        let id = Sha256::new().chain_update(b"maps key id v1").chain_update(&bytes[..]).finalize();
        let id = id[..4].iter().map(|byte| format!("{byte:02x}")).collect();
        let cipher = Aes256Gcm::new((&*bytes).into());
        Ok(self.opened.get_or_init(|| Opened { cipher, id }))
    }
}

/// What to do when there is no key file.
#[derive(Clone, Copy)]
enum Missing {
    Make,
    Refuse,
}

type KeyBytes = Zeroizing<[u8; KEY_BYTES]>;

fn read_key(path: &Path) -> Result<Option<KeyBytes>, FileError> {
    use std::os::unix::fs::PermissionsExt as _;
    let Some(bytes) = disk::read(path)?.map(Zeroizing::new) else { return Ok(None) };
    let mode = fs::metadata(path).map_err(FileError::io("read", path))?.permissions().mode();
    if mode & 0o077 != 0 {
        return Err(FileError::key(path, format!("can be read by others (mode {:04o})", mode & 0o7777)));
    }
    let key: &[u8; KEY_BYTES] = bytes
        .as_slice()
        .try_into()
        .map_err(|_| FileError::key(path, format!("has {} bytes instead of {KEY_BYTES}", bytes.len())))?;
    Ok(Some(Zeroizing::new(*key)))
}

/// Makes the key once. Another process may do the same for another stack at this moment: the file
/// appears under its name only whole, and who comes second takes the first one's.
fn make_key(path: &Path) -> Result<KeyBytes, FileError> {
    let mut key = Zeroizing::new([0; KEY_BYTES]);
    let mut suffix = [0; 8];
    getrandom::fill(&mut *key)
        .and_then(|()| getrandom::fill(&mut suffix))
        .map_err(|e| FileError::key(path, format!("cannot be made: {e}")))?;
    if let Some(parent) = path.parent() {
        disk::create_dir(parent)?;
    }
    let temporary = path.with_extension(format!("new-{:016x}", u64::from_be_bytes(suffix)));
    let linked = disk::create_new(&temporary)
        .and_then(|mut file| file.write_all(&*key).and_then(|()| file.sync_all()))
        .and_then(|()| fs::hard_link(&temporary, path));
    // The name we chose ourselves; what it was linked to stays.
    let _ = fs::remove_file(&temporary);
    match linked {
        Ok(()) => {
            disk::sync_parent(path)?;
            Ok(key)
        }
        Err(e) if e.kind() == io::ErrorKind::AlreadyExists => {
            read_key(path)?.ok_or_else(|| FileError::key(path, "vanished while it was being read"))
        }
        Err(e) => Err(FileError::io("create", path)(e)),
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use std::os::unix::fs::PermissionsExt as _;

    use super::*;

    const HOME: Place<'_> = Place { stack: "shop", owner: "cluster", path: "/inputs/password" };

    fn secret_box(dir: &Path) -> SecretBox {
        SecretBox::new(dir.join("key"))
    }

    #[test]
    fn a_secret_opens_only_where_it_was_made() {
        let dir = tempfile::tempdir().unwrap();
        let secrets = secret_box(dir.path());
        let text = secrets.seal(&Value::from("hunter2"), HOME).unwrap();
        assert!(!text.contains("hunter2"));
        assert_eq!(secret_box(dir.path()).open(&text, HOME).unwrap(), Value::from("hunter2"));
        let elsewhere = [
            Place { stack: "shop2", ..HOME },
            Place { owner: "database", ..HOME },
            Place { path: "/inputs/user", ..HOME },
            Place { owner: "cluster/inputs", path: "/password", ..HOME },
        ];
        for place in elsewhere {
            let refused = secrets.open(&text, place).unwrap_err();
            assert_eq!(refused.code(), "state-secret", "{place:?}");
        }
    }

    #[test]
    fn every_edit_of_a_ciphertext_is_refused() {
        let dir = tempfile::tempdir().unwrap();
        let secrets = secret_box(dir.path());
        let text = secrets.seal(&Value::from("hunter2"), HOME).unwrap();
        for at in 0..text.len() {
            let mut edited = text.clone().into_bytes();
            edited[at] = if edited[at] == b'A' { b'B' } else { b'A' };
            let edited = String::from_utf8(edited).unwrap();
            assert!(secrets.open(&edited, HOME).is_err(), "byte {at}");
            assert!(secrets.open(&text[..at], HOME).is_err(), "cut at {at}");
        }
    }

    #[test]
    fn the_same_secret_never_looks_the_same() {
        let dir = tempfile::tempdir().unwrap();
        let secrets = secret_box(dir.path());
        let once = secrets.seal(&Value::from("hunter2"), HOME).unwrap();
        assert_ne!(once, secrets.seal(&Value::from("hunter2"), HOME).unwrap());
    }

    #[test]
    fn the_key_is_private_and_a_lost_or_wrong_one_is_said() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("key");
        let text = secret_box(dir.path()).seal(&Value::from("hunter2"), HOME).unwrap();
        assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
        assert_eq!(fs::read_dir(dir.path()).unwrap().count(), 1, "no temporary file stays");

        fs::set_permissions(&path, fs::Permissions::from_mode(0o644)).unwrap();
        let open = secret_box(dir.path()).open(&text, HOME).unwrap_err().to_string();
        assert!(open.ends_with("can be read by others (mode 0644)"), "{open}");

        fs::remove_file(&path).unwrap();
        let lost = secret_box(dir.path()).open(&text, HOME).unwrap_err().to_string();
        assert!(lost.ends_with("is not there, and the state holds secrets made with it"), "{lost}");
        assert!(!path.exists(), "reading makes no key");

        secret_box(dir.path()).seal(&Value::from("other"), HOME).unwrap();
        let wrong = secret_box(dir.path()).open(&text, HOME).unwrap_err().to_string();
        assert!(wrong.ends_with("is another one than the secret at `cluster/inputs/password` needs"), "{wrong}");
    }
}
