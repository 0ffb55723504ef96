//! Compiled code on disk. A compiled component is machine code that the process will jump into,
//! so a file is loaded only if this user's maps wrote it: the folder is private, and every file
//! carries an HMAC under a key that only this user can read.

use std::fs::{self, File, OpenOptions};
use std::hash::Hash;
use std::io::{self, Read, Write};
use std::os::unix::fs::{DirBuilderExt, MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

use hmac::{Hmac, KeyInit, Mac};
use sha2::{Digest, Sha256};
use wasmtime::Engine;
use wasmtime::component::Component;
use zeroize::Zeroizing;

use crate::inspect::ComponentDigest;
use crate::limits::COMPILED_BYTES;

/// First bytes of every file; another layout gets another text.
const MAGIC: &[u8; 16] = b"maps compiled 1\n";
/// Bytes of an HMAC-SHA256.
const TAG_BYTES: usize = 32;
/// Bytes of the key: as long as the hash's output.
const KEY_BYTES: usize = 32;
/// The key's file in the folder.
const KEY_FILE: &str = "key";

/// Why there is no cache. maps then compiles each time; it never loads from a doubtful place.
#[derive(Debug, thiserror::Error)]
pub enum CacheError {
    /// The system said no.
    #[error("{path}: {source}", path = path.display())]
    Io {
        /// Where.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// Somebody else could write there.
    #[error("{path}: {why}", path = path.display())]
    Unsafe {
        /// Where.
        path: PathBuf,
        /// What is wrong with it.
        why: &'static str,
    },
    /// The system gave no randomness for the key.
    #[error("no randomness for the cache's key: {0}")]
    Random(getrandom::Error),
}

/// What came of looking into the cache.
pub enum Lookup {
    /// Authentic, and loaded.
    Hit(Component),
    /// Not there.
    Miss,
    /// There, and not to be trusted; it was not loaded. Why, for people.
    Rejected(String),
}

/// A folder of compiled components.
pub struct Cache {
    dir: PathBuf,
    key: Zeroizing<[u8; KEY_BYTES]>,
}

impl Cache {
    /// Opens the folder, or makes it, private to this user.
    ///
    /// # Errors
    /// When it cannot be made, or others could have written to it.
    pub fn open(dir: &Path) -> Result<Self, CacheError> {
        if let Err(source) = fs::DirBuilder::new().recursive(true).mode(0o700).create(dir) {
            return Err(CacheError::Io { path: dir.to_owned(), source });
        }
        let metadata = fs::symlink_metadata(dir).map_err(|source| CacheError::Io { path: dir.to_owned(), source })?;
        if !metadata.file_type().is_dir() {
            return Err(CacheError::Unsafe { path: dir.to_owned(), why: "is not a folder of its own (a link?)" });
        }
        private(dir, &metadata)?;
        let key = key(&dir.join(KEY_FILE))?;
        Ok(Self { dir: dir.to_owned(), key })
    }

    /// The component's compiled code, if it is there, was written by us, and for this engine.
    pub fn load(&self, engine: &Engine, digest: &ComponentDigest) -> Lookup {
        let path = self.path(engine, digest);
        let bytes = match read_private(&path, COMPILED_BYTES) {
            Ok(bytes) => bytes,
            Err(CacheError::Io { source, .. }) if source.kind() == io::ErrorKind::NotFound => return Lookup::Miss,
            Err(error) => return Lookup::Rejected(error.to_string()),
        };
        let Some(code) = self.authentic(&path, &bytes) else {
            return Lookup::Rejected(format!("{} was not written by this maps, or was changed", path.display()));
        };
        match deserialize(engine, code) {
            Ok(component) => Lookup::Hit(component),
            Err(error) => Lookup::Rejected(format!("{}: {error}", path.display())),
        }
    }

    /// Keeps a component's compiled code. The file appears whole or not at all.
    ///
    /// # Errors
    /// When it cannot be written; nothing is lost but time.
    pub fn store(&self, engine: &Engine, digest: &ComponentDigest, component: &Component) -> Result<(), CacheError> {
        let path = self.path(engine, digest);
        let io = |source| CacheError::Io { path: path.clone(), source };
        let code = component.serialize().map_err(|error| io(io::Error::other(error.to_string())))?;
        let tag = self.mac(&path, &code).finalize().into_bytes();
        let mut nonce = [0; 8];
        getrandom::fill(&mut nonce).map_err(CacheError::Random)?;
        let draft = self.dir.join(format!(".{:016x}.draft", u64::from_le_bytes(nonce)));
        let written = (|| {
            let mut file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(&draft)?;
            file.write_all(MAGIC)?;
            file.write_all(&tag)?;
            file.write_all(&code)?;
            fs::rename(&draft, &path)
        })();
        if written.is_err() {
            // What is left of a draft is of no use; that it cannot be removed either changes nothing.
            let _ = fs::remove_file(&draft);
        }
        written.map_err(io)
    }

    /// One file for each component and each way of compiling it.
    fn path(&self, engine: &Engine, digest: &ComponentDigest) -> PathBuf {
        let mut hasher = Sha256Hasher(Sha256::new());
        engine.precompile_compatibility_hash().hash(&mut hasher);
        let engine = hex(&hasher.0.finalize()[..8]);
        self.dir.join(format!("{digest}-{engine}.compiled"))
    }

    /// The code in a file, if its tag is right. The name is under the tag too, so that an
    /// authentic file of one component cannot stand in for another's.
    fn authentic<'a>(&self, path: &Path, bytes: &'a [u8]) -> Option<&'a [u8]> {
        let rest = bytes.strip_prefix(MAGIC)?;
        let (tag, code) = rest.split_at_checked(TAG_BYTES)?;
        self.mac(path, code).verify_slice(tag).ok()?;
        Some(code)
    }

    fn mac(&self, path: &Path, code: &[u8]) -> Hmac<Sha256> {
        // HMAC takes a key of its block's size; zeros after a shorter one are part of its definition.
        let mut block = Zeroizing::new([0; 64]);
        block[..KEY_BYTES].copy_from_slice(self.key.as_slice());
        let mut mac = Hmac::<Sha256>::new(&(*block).into());
        let name = path.file_name().map(|name| name.as_encoded_bytes()).unwrap_or_default();
        mac.update(&(name.len() as u64).to_le_bytes());
        mac.update(name);
        mac.update(code);
        mac
    }
}

/// Loads machine code whose tag was just verified.
#[allow(unsafe_code)]
fn deserialize(engine: &Engine, code: &[u8]) -> wasmtime::Result<Component> {
    // SAFETY: `Component::deserialize` asks that the bytes come from `Component::serialize` and
    // were not changed since. `authentic` has just verified, on this very copy in memory, an HMAC
    // that is written over the result of `serialize` only, under a random key that only this user
    // can read; whoever has the key already runs code as this user. wasmtime itself checks the
    // engine's configuration and version in the header, and those are in the file's name too.
    unsafe { Component::deserialize(engine, code) }
}

/// Reads the key, or makes it.
fn key(path: &Path) -> Result<Zeroizing<[u8; KEY_BYTES]>, CacheError> {
    match read_private(path, KEY_BYTES) {
        Ok(bytes) => {
            let bytes = Zeroizing::new(bytes);
            let key = <[u8; KEY_BYTES]>::try_from(bytes.as_slice())
                .map_err(|_| CacheError::Unsafe { path: path.to_owned(), why: "is not a key of 32 bytes" })?;
            return Ok(Zeroizing::new(key));
        }
        Err(CacheError::Io { source, .. }) if source.kind() == io::ErrorKind::NotFound => {}
        Err(error) => return Err(error),
    }
    let mut key = Zeroizing::new([0; KEY_BYTES]);
    getrandom::fill(key.as_mut_slice()).map_err(CacheError::Random)?;
    let draft = path.with_extension(format!("{}.draft", std::process::id()));
    let io = |source| CacheError::Io { path: path.to_owned(), source };
    let written = (|| {
        let mut file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(&draft)?;
        file.write_all(key.as_slice())?;
        // A link, unlike a rename, fails if another process was first; then its key is the key.
        fs::hard_link(&draft, path)
    })();
    let _ = fs::remove_file(&draft);
    match written {
        Ok(()) => Ok(key),
        Err(source) if source.kind() == io::ErrorKind::AlreadyExists && path.exists() => self::key(path),
        Err(source) => Err(io(source)),
    }
}

/// Reads a file that only this user can have written.
fn read_private(path: &Path, most: usize) -> Result<Vec<u8>, CacheError> {
    let io = |source| CacheError::Io { path: path.to_owned(), source };
    let no_follow = rustix::fs::OFlags::NOFOLLOW.bits().cast_signed();
    let file: File = OpenOptions::new().read(true).custom_flags(no_follow).open(path).map_err(io)?;
    let metadata = file.metadata().map_err(io)?;
    if !metadata.file_type().is_file() {
        return Err(CacheError::Unsafe { path: path.to_owned(), why: "is not a file" });
    }
    private(path, &metadata)?;
    let mut bytes = Vec::with_capacity(usize::try_from(metadata.len()).unwrap_or(0).min(most));
    file.take(most as u64 + 1).read_to_end(&mut bytes).map_err(io)?;
    if bytes.len() > most {
        return Err(CacheError::Unsafe { path: path.to_owned(), why: "is too large" });
    }
    Ok(bytes)
}

fn private(path: &Path, metadata: &fs::Metadata) -> Result<(), CacheError> {
    if metadata.uid() != rustix::process::geteuid().as_raw() {
        return Err(CacheError::Unsafe { path: path.to_owned(), why: "belongs to another user" });
    }
    if metadata.mode() & 0o077 != 0 {
        return Err(CacheError::Unsafe {
            path: path.to_owned(),
            why: "is open to other users; `chmod go=` closes it, after which its content should be removed",
        });
    }
    Ok(())
}

/// Lets wasmtime's `Hash` feed a digest: the standard hasher's 64 bits are no identity.
struct Sha256Hasher(Sha256);

impl std::hash::Hasher for Sha256Hasher {
    fn write(&mut self, bytes: &[u8]) {
        self.0.update(bytes);
    }

    fn finish(&self) -> u64 {
        let digest = self.0.clone().finalize();
        digest.iter().take(8).fold(0, |sum, byte| sum << 8 | u64::from(*byte))
    }
}

pub(crate) fn hex(bytes: &[u8]) -> String {
    use std::fmt::Write as _;
    bytes.iter().fold(String::with_capacity(bytes.len() * 2), |mut text, byte| {
        // Writing to a string cannot fail.
        let _ = write!(text, "{byte:02x}");
        text
    })
}
