//! Opening what lies below a folder, and nothing else.
//!
//! A path is walked part by part, each opened in the folder before it without following links; a link is read and
//! its parts are walked in turn. Nothing can be exchanged in between, since no part is looked up by its name twice
//! from above. This is what a kernel's `openat2` does with `RESOLVE_BENEATH`, and does also where there is none; it
//! takes nothing but `rustix`, which is here already, where `cap-std` would bring six more crates.

use std::collections::VecDeque;
use std::fs::File;
use std::io::Read as _;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::path::Path;

use rustix::fs::{AtFlags, Dir, FileType, Mode, OFlags, fstat, open, openat, readlinkat, statat};
use rustix::io::Errno;

/// Links on the way to one file: a loop has more.
const LINKS: usize = 16;
/// Folders within folders. Charts within charts within charts have about twenty.
const DEPTH: usize = 64;
/// What one listing may look at.
pub(super) const ENTRIES: usize = 50_000;
/// Bytes of one file. The largest archive of a chart that anybody publishes has a tenth of it.
pub(super) const FILE_BYTES: usize = 32 << 20;

/// Why a file cannot be had.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Fault {
    /// There is none.
    NotFound,
    /// A link leads out of the folder.
    Outside,
    /// It has another name, which may lie anywhere.
    HardLink,
    /// A folder, a device, a socket.
    NoFile,
    /// Links without end.
    Loop,
    /// It is larger than this.
    Size(usize),
    /// There is more than this to look at.
    Many,
    /// The system's own word.
    System(String),
}

impl From<Errno> for Fault {
    fn from(error: Errno) -> Self {
        match error {
            Errno::NOENT | Errno::NOTDIR | Errno::NAMETOOLONG => Self::NotFound,
            // Exchanged for a link between two looks.
            Errno::LOOP => Self::Loop,
            other => Self::System(other.to_string()),
        }
    }
}

/// A folder's root, opened.
pub(super) struct Root(OwnedFd);

/// What a path leads to, and where that really is.
struct Found {
    /// The parts of its path without links.
    real: Vec<String>,
    what: What,
}

enum What {
    File(File),
    Folder(OwnedFd),
}

const FOLDER: OFlags = OFlags::RDONLY.union(OFlags::DIRECTORY).union(OFlags::NOFOLLOW).union(OFlags::CLOEXEC);
/// Without waiting for a writer, should it have become a pipe.
const FILE: OFlags = OFlags::RDONLY.union(OFlags::NONBLOCK).union(OFlags::NOFOLLOW).union(OFlags::CLOEXEC);

impl Root {
    pub(super) fn open(path: &Path) -> Result<Self, Fault> {
        Ok(Self(open(path, OFlags::RDONLY | OFlags::DIRECTORY | OFlags::CLOEXEC, Mode::empty())?))
    }

    /// A file's content, and its path without links.
    pub(super) fn read(&self, path: &str) -> Result<(Vec<u8>, String), Fault> {
        let found = self.find(path)?;
        let What::File(mut file) = found.what else { return Err(Fault::NoFile) };
        let mut content = Vec::new();
        let most = u64::try_from(FILE_BYTES).unwrap_or(u64::MAX);
        file.by_ref()
            .take(most.saturating_add(1))
            .read_to_end(&mut content)
            .map_err(|error| Fault::System(error.to_string()))?;
        if content.len() > FILE_BYTES {
            return Err(Fault::Size(FILE_BYTES));
        }
        Ok((content, found.real.join("/")))
    }

    /// The files below a path, or itself if it is one: each as it is named from here, and where it really is.
    /// `left` is what may still be looked at; what cannot be followed is left out, since nobody asked for it.
    pub(super) fn list(&self, path: &str, left: &mut usize) -> Result<Vec<(String, String)>, Fault> {
        let mut files = Vec::new();
        let found = if path.is_empty() {
            Found {
                real: Vec::new(),
                what: What::Folder(self.0.try_clone().map_err(|e| Fault::System(e.to_string()))?),
            }
        } else {
            match self.find(path) {
                Ok(found) => found,
                Err(Fault::NotFound) => return Ok(files),
                Err(fault) => return Err(fault),
            }
        };
        match found.what {
            What::File(_) => files.push((path.to_owned(), found.real.join("/"))),
            What::Folder(folder) => {
                let mut above = Vec::new();
                self.below(path, &found.real, &folder, &mut above, left, &mut files)?;
            }
        }
        files.sort();
        Ok(files)
    }

    fn below(
        &self,
        named: &str,
        real: &[String],
        folder: &OwnedFd,
        above: &mut Vec<(u64, u64)>,
        left: &mut usize,
        files: &mut Vec<(String, String)>,
    ) -> Result<(), Fault> {
        let stat = fstat(folder)?;
        let identity = (device(&stat), stat.st_ino);
        // A link to a folder above would lead around for ever.
        if above.contains(&identity) {
            return Ok(());
        }
        if above.len() >= DEPTH {
            return Err(Fault::Many);
        }
        above.push(identity);
        for entry in Dir::read_from(folder)? {
            let entry = entry?;
            // Rules are text, and so is what crosses to a guest.
            let Ok(name) = entry.file_name().to_str() else { continue };
            if matches!(name, "." | "..") || name.contains('\\') {
                continue;
            }
            *left = left.checked_sub(1).ok_or(Fault::Many)?;
            let named = if named.is_empty() { name.to_owned() } else { format!("{named}/{name}") };
            match statat(folder, name, AtFlags::SYMLINK_NOFOLLOW).map(|stat| kind(&stat)) {
                Ok(FileType::RegularFile) => {
                    let real = real.iter().map(String::as_str).chain([name]).collect::<Vec<_>>().join("/");
                    files.push((named, real));
                }
                Ok(FileType::Directory) => {
                    let inner = openat(folder, name, FOLDER, Mode::empty())?;
                    let real: Vec<_> = real.iter().cloned().chain([name.to_owned()]).collect();
                    self.below(&named, &real, &inner, above, left, files)?;
                }
                Ok(FileType::Symlink) => match self.find(&named) {
                    Ok(Found { real, what: What::File(_) }) => files.push((named, real.join("/"))),
                    Ok(Found { real, what: What::Folder(inner) }) => {
                        self.below(&named, &real, &inner, above, left, files)?;
                    }
                    Err(_) => {}
                },
                _ => {}
            }
        }
        above.pop();
        Ok(())
    }

    fn find(&self, path: &str) -> Result<Found, Fault> {
        let mut ahead: VecDeque<String> = path.split('/').map(str::to_owned).collect();
        let mut folders: Vec<(String, OwnedFd)> = Vec::new();
        let mut links = 0;
        while let Some(name) = ahead.pop_front() {
            // Only a link says these.
            match name.as_str() {
                "" | "." => continue,
                ".." => {
                    folders.pop().ok_or(Fault::Outside)?;
                    continue;
                }
                _ => {}
            }
            let here: BorrowedFd<'_> = folders.last().map_or(self.0.as_fd(), |(_, folder)| folder.as_fd());
            match kind(&statat(here, &*name, AtFlags::SYMLINK_NOFOLLOW)?) {
                FileType::Directory => {
                    if folders.len() >= DEPTH {
                        return Err(Fault::Many);
                    }
                    let folder = openat(here, &*name, FOLDER, Mode::empty())?;
                    folders.push((name, folder));
                }
                FileType::Symlink => {
                    links += 1;
                    if links > LINKS {
                        return Err(Fault::Loop);
                    }
                    let target = readlinkat(here, &*name, Vec::new())?;
                    let target = target.to_str().map_err(|_| Fault::NotFound)?;
                    if target.starts_with('/') {
                        return Err(Fault::Outside);
                    }
                    target.rsplit('/').for_each(|part| ahead.push_front(part.to_owned()));
                }
                FileType::RegularFile if ahead.is_empty() => {
                    let file = openat(here, &*name, FILE, Mode::empty())?;
                    let stat = fstat(&file)?;
                    if kind(&stat) != FileType::RegularFile {
                        return Err(Fault::NoFile);
                    }
                    if stat.st_nlink > 1 {
                        return Err(Fault::HardLink);
                    }
                    let real = folders.into_iter().map(|(name, _)| name).chain([name]).collect();
                    return Ok(Found { real, what: What::File(File::from(file)) });
                }
                FileType::RegularFile => return Err(Fault::NotFound),
                _ => return Err(Fault::NoFile),
            }
        }
        let real = folders.iter().map(|(name, _)| name.clone()).collect();
        match folders.pop() {
            Some((_, folder)) => Ok(Found { real, what: What::Folder(folder) }),
            None => {
                let root = self.0.try_clone().map_err(|error| Fault::System(error.to_string()))?;
                Ok(Found { real, what: What::Folder(root) })
            }
        }
    }
}

fn kind(stat: &rustix::fs::Stat) -> FileType {
    FileType::from_raw_mode(stat.st_mode)
}

/// Systems have it in different types.
#[allow(clippy::useless_conversion, clippy::unnecessary_fallible_conversions, trivial_numeric_casts)]
fn device(stat: &rustix::fs::Stat) -> u64 {
    u64::try_from(stat.st_dev).unwrap_or_default()
}
