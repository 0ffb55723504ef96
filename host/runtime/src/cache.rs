//! Compiled code on disk. A compiled component is machine code that the process will jump into,
//! so a file is loaded only if this user's maps wrote it: the folder is private, and every file
//! carries a keyed BLAKE3 hash under a key that only this user can read. The file that was hashed is the one that
//! is mapped, and of it only the pages that run are ever brought in.

use std::fs::{self, File, OpenOptions};
use std::hash::Hash;
use std::io::{self, Read, Write};
use std::os::fd::AsRawFd;
use std::os::unix::fs::{DirBuilderExt, FileExt, MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::thread::ScopedJoinHandle;

use sha2::{Digest, Sha256};
use wasmtime::Engine;
use wasmtime::component::Component;
use zeroize::Zeroizing;

use crate::inspect::ComponentDigest;
use crate::limits::COMPILED_BYTES;

/// Last bytes of every file; another layout gets another text. It stands behind the code, since a mapping begins
/// at a file's beginning.
const MAGIC: &[u8; 16] = b"maps compiled 4\n";
/// Bytes of a keyed hash, which stands before them.
const TAG_BYTES: usize = blake3::OUT_LEN;
/// What is read, hashed and copied at a time: it stays in the processor's cache.
const CHUNK_BYTES: usize = 128 << 10;
/// Parts of this size are hashed each on a thread of its own.
const PART_BYTES: u64 = 3 << 20;
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
        let (file, length) = match open_private(&path) {
            Ok((file, length)) if length <= COMPILED_BYTES as u64 => (file, length),
            Ok(_) => return Lookup::Rejected(format!("{} is too large", path.display())),
            Err(CacheError::Io { source, .. }) if source.kind() == io::ErrorKind::NotFound => return Lookup::Miss,
            Err(error) => return Lookup::Rejected(error.to_string()),
        };
        match self.authentic(&path, &file, length) {
            Ok(true) => {}
            Ok(false) => {
                return Lookup::Rejected(format!("{} was not written by this maps, or was changed", path.display()));
            }
            Err(error) => return Lookup::Rejected(format!("{}: {error}", path.display())),
        }
        match deserialize(engine, &file) {
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
        let length = code.len() as u64;
        let tag = self.tag(&path, length, |chunk, at| {
            let mut rest = io::Cursor::new(&code);
            rest.set_position(at);
            rest.read_exact(chunk)
        });
        let tag = tag.map_err(io)?;
        let mut nonce = [0; 8];
        getrandom::fill(&mut nonce).map_err(CacheError::Random)?;
        let draft = self.dir.join(format!(".{:016x}.draft", u64::from_le_bytes(nonce)));
        let written = (|| {
            let mut file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(&draft)?;
            file.write_all(&code)?;
            file.write_all(tag.as_bytes())?;
            file.write_all(MAGIC)?;
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

    /// Is a file's tag right? The name is under the tag too, so that an authentic file of one component cannot
    /// stand in for another's.
    fn authentic(&self, path: &Path, file: &File, length: u64) -> io::Result<bool> {
        let mut end = [0; TAG_BYTES + MAGIC.len()];
        let Some(code) = length.checked_sub(end.len() as u64) else { return Ok(false) };
        file.read_exact_at(&mut end, code)?;
        let (tag, magic) = end.split_at(TAG_BYTES);
        if magic != MAGIC {
            return Ok(false);
        }
        // Compared in constant time.
        Ok(self.tag(path, code, |chunk, at| file.read_exact_at(chunk, at))? == *tag)
    }

    /// The keyed hash of what stands under a name: of the hashes of its parts, its length, and the name.
    fn tag(
        &self,
        path: &Path,
        length: u64,
        read: impl Fn(&mut [u8], u64) -> io::Result<()> + Sync,
    ) -> io::Result<blake3::Hash> {
        let part = |from: u64| self.part(from, length.min(from + PART_BYTES), &read);
        let parts: Vec<_> = std::thread::scope(|scope| {
            let starts = std::iter::successors(Some(PART_BYTES), |from| Some(from + PART_BYTES));
            let others = starts.take_while(|from| *from < length).map(|from| scope.spawn(move || part(from)));
            let others: Vec<_> = others.collect();
            // Hashing does not panic; if it did, the file would be as good as unreadable.
            let hash = |other: ScopedJoinHandle<'_, _>| other.join().unwrap_or(Err(io::ErrorKind::Other.into()));
            [part(0)].into_iter().chain(others.into_iter().map(hash)).collect::<io::Result<_>>()
        })?;
        let mut hasher = blake3::Hasher::new_keyed(&self.key);
        for part in parts {
            hasher.update(part.as_bytes());
        }
        hasher.update(&length.to_le_bytes());
        hasher.update(path.file_name().map(|name| name.as_encoded_bytes()).unwrap_or_default());
        Ok(hasher.finalize())
    }

    fn part(
        &self,
        mut from: u64,
        end: u64,
        read: &impl Fn(&mut [u8], u64) -> io::Result<()>,
    ) -> io::Result<blake3::Hash> {
        let mut hasher = blake3::Hasher::new_keyed(&self.key);
        let mut chunk = vec![0; CHUNK_BYTES];
        while from < end {
            let wanted = usize::try_from(end - from).unwrap_or(CHUNK_BYTES).min(CHUNK_BYTES);
            read(&mut chunk[..wanted], from)?;
            hasher.update(&chunk[..wanted]);
            from += wanted as u64;
        }
        Ok(hasher.finalize())
    }
}

/// Loads machine code whose tag was just verified.
#[allow(unsafe_code)]
fn deserialize(engine: &Engine, file: &File) -> wasmtime::Result<Component> {
    // SAFETY: `Component::deserialize_file` asks that the bytes come from `Component::serialize`, were not
    // changed since, and do not change while the component lives. `authentic` has just verified, on this very
    // open file, a keyed hash that is written over the result of `serialize` only, under a random key that only
    // this user can read. The file belongs to this user, who alone can write to it, which `open_private` has seen
    // on the open file; maps writes a file once, under another name, and replaces it only whole. Whoever could
    // change it in between could read the key as well, and runs code as this user already. wasmtime itself checks
    // the engine's configuration and version in the header, and those are in the file's name too. What follows
    // the code, the tag, is in no section and is looked at by nobody.
    unsafe { Component::deserialize_file(engine, format!("/proc/self/fd/{}", file.as_raw_fd())) }
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
    let (file, length) = open_private(path)?;
    let mut bytes = Vec::with_capacity(usize::try_from(length).unwrap_or(0).min(most));
    let read = file.take(most as u64 + 1).read_to_end(&mut bytes);
    read.map_err(|source| CacheError::Io { path: path.to_owned(), source })?;
    if bytes.len() > most {
        return Err(CacheError::Unsafe { path: path.to_owned(), why: "is too large" });
    }
    Ok(bytes)
}

/// Opens a file that only this user can have written, and says how long it is.
fn open_private(path: &Path) -> Result<(File, u64), CacheError> {
    let io = |source| CacheError::Io { path: path.to_owned(), source };
    let no_follow = rustix::fs::OFlags::NOFOLLOW.bits().cast_signed();
    let file: File = OpenOptions::new().read(true).custom_flags(no_follow).open(path).map_err(io)?;
    let metadata = file.metadata().map_err(io)?;
    if !metadata.file_type().is_file() {
        return Err(CacheError::Unsafe { path: path.to_owned(), why: "is not a file" });
    }
    private(path, &metadata)?;
    Ok((file, metadata.len()))
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
