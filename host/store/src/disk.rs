//! The few file operations everything durable is made of: private files, and replacement that a
//! crash leaves either undone or done.

use std::fs::{self, DirBuilder, File, OpenOptions};
use std::io::{self, Write as _};
use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _};
use std::path::Path;

use crate::error::FileError;

const FILE_MODE: u32 = 0o600;
const DIR_MODE: u32 = 0o700;

/// Makes the folder and those above it that are missing, each for its owner only. A link is not
/// taken for a folder: whoever put it there would choose whose files are replaced and removed.
pub(crate) fn create_dir(path: &Path) -> Result<(), FileError> {
    if fs::symlink_metadata(path).is_ok_and(|found| found.is_symlink()) {
        return Err(FileError::foreign(path, "it is a link, and state lies where no link leads"));
    }
    DirBuilder::new().recursive(true).mode(DIR_MODE).create(path).map_err(FileError::io("create", path))
}

/// Opening fails where the file is a link.
pub(crate) fn no_follow() -> i32 {
    rustix::fs::OFlags::NOFOLLOW.bits().cast_signed()
}

/// Opens a private file for reading and writing, made empty if it is not there.
pub(crate) fn open_or_create(path: &Path) -> Result<File, FileError> {
    OpenOptions::new()
        .read(true)
        .write(true)
        .create(true)
        .truncate(false)
        .mode(FILE_MODE)
        .custom_flags(no_follow())
        .open(path)
        .map_err(FileError::io("open", path))
}

/// Makes a private file that must not be there yet.
pub(crate) fn create_new(path: &Path) -> io::Result<File> {
    OpenOptions::new().write(true).create_new(true).mode(FILE_MODE).open(path)
}

/// The whole file, or none if it is not there.
pub(crate) fn read(path: &Path) -> Result<Option<Vec<u8>>, FileError> {
    match fs::read(path) {
        Ok(bytes) => Ok(Some(bytes)),
        Err(e) if e.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(e) => Err(FileError::io("read", path)(e)),
    }
}

/// Replaces the file in one step: at any moment, also after a crash, it has either the old or the
/// new content, and after this returns it has the new one.
pub(crate) fn replace(path: &Path, content: &[u8]) -> Result<(), FileError> {
    let temporary = path.with_extension("new");
    // Only the holder of the lock writes here, so that one left by a crash is ours to remove.
    match fs::remove_file(&temporary) {
        Err(e) if e.kind() != io::ErrorKind::NotFound => return Err(FileError::io("remove", &temporary)(e)),
        _ => {}
    }
    create_new(&temporary)
        .and_then(|mut file| file.write_all(content).and_then(|()| file.sync_all()))
        .map_err(FileError::io("write", &temporary))?;
    fs::rename(&temporary, path).map_err(FileError::io("replace", path))?;
    sync_parent(path)
}

/// Makes what was created, renamed or removed beside `path` durable.
pub(crate) fn sync_parent(path: &Path) -> Result<(), FileError> {
    let Some(dir) = path.parent() else { return Ok(()) };
    File::open(dir).and_then(|dir| dir.sync_all()).map_err(FileError::io("synchronise", dir))
}
