//! The file format: a header line, then one checksummed line a commit.

use std::fs::{self, File, OpenOptions};
use std::io::{ErrorKind, Seek, SeekFrom, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use sha2::{Digest, Sha256};

use super::Change;
use crate::directory::{sync_parent, write_atomically};
use crate::error::Error;

/// The first line; another version has another one.
const HEADER: &[u8] = b"maps-rehearsal 1\n";
/// Hexadecimal digits of the checksum kept a line: enough to see a torn write.
const CHECKSUM_DIGITS: usize = 16;

/// The open log of a running cloud.
#[derive(Debug)]
pub(super) struct Log {
    path: PathBuf,
    file: File,
    bytes: u64,
    poisoned: bool,
}

impl Log {
    /// Opens or starts a log, hands every whole record to `fold`, and cuts off a torn one.
    pub(super) fn open(path: &Path, fold: impl FnMut(Vec<Change>)) -> Result<Self, Error> {
        let whole = read(path, fold)?;
        if whole == 0 {
            write_atomically(path, HEADER)?;
        }
        let mut file = OpenOptions::new().write(true).mode(0o600).open(path).map_err(Error::io("open", path))?;
        let bytes = whole.max(HEADER.len() as u64);
        file.set_len(bytes)
            .and_then(|()| file.seek(SeekFrom::End(0)))
            .and_then(|_| file.sync_all())
            .map_err(Error::io("repair", path))?;
        sync_parent(path)?;
        Ok(Self { path: path.to_owned(), file, bytes, poisoned: false })
    }

    /// The length of what is committed.
    pub(super) fn bytes(&self) -> u64 {
        self.bytes
    }

    /// Appends one commit and waits until it is on the disk.
    pub(super) fn append(&mut self, changes: &[Change]) -> Result<(), Error> {
        if self.poisoned {
            return Err(Error::Poisoned);
        }
        let line = record(changes)?;
        match self.file.write_all(&line).and_then(|()| self.file.sync_data()) {
            Ok(()) => {
                self.bytes += line.len() as u64;
                Ok(())
            }
            Err(source) => {
                // What may have been written is taken back, so that a refused
                // change cannot appear after a restart.
                let undone = self.file.set_len(self.bytes).and_then(|()| self.file.seek(SeekFrom::End(0)));
                self.poisoned = undone.and_then(|_| self.file.sync_data()).is_err();
                Err(Error::io("write", &self.path)(source))
            }
        }
    }

    /// Replaces the whole log by one record.
    pub(super) fn rewrite(&mut self, record: &[u8]) -> Result<(), Error> {
        let content = [HEADER, record].concat();
        write_atomically(&self.path, &content)?;
        // From here on the old descriptor is of a file without a name: never write to it.
        self.poisoned = true;
        let mut file = OpenOptions::new().write(true).open(&self.path).map_err(Error::io("open", &self.path))?;
        file.seek(SeekFrom::End(0)).map_err(Error::io("open", &self.path))?;
        self.file = file;
        self.bytes = content.len() as u64;
        self.poisoned = false;
        Ok(())
    }
}

/// Reads every whole record and returns the length up to which the log is sound.
///
/// The last line may be torn by a kill and is then left out; a bad line with
/// others behind it was not written by us. A missing file is an empty log.
pub(super) fn read(path: &Path, mut fold: impl FnMut(Vec<Change>)) -> Result<u64, Error> {
    let bytes = match fs::read(path) {
        Ok(bytes) => bytes,
        Err(source) if source.kind() == ErrorKind::NotFound => return Ok(0),
        Err(source) => return Err(Error::io("read", path)(source)),
    };
    if bytes.is_empty() {
        return Ok(0);
    }
    let Some(mut rest) = bytes.strip_prefix(HEADER) else {
        return Err(Error::Version { path: path.to_owned() });
    };
    let mut sound = HEADER.len();
    let mut line = 1;
    while let Some(end) = rest.iter().position(|byte| *byte == b'\n') {
        line += 1;
        let (record, behind) = (&rest[..end], &rest[end + 1..]);
        match parse(record) {
            Ok(changes) => fold(changes),
            Err(_) if behind.is_empty() => break,
            Err(reason) => return Err(Error::Damaged { path: path.to_owned(), line, reason }),
        }
        sound += end + 1;
        rest = behind;
    }
    Ok(sound as u64)
}

/// One commit as a line: checksum, space, JSON, newline.
pub(super) fn record(changes: &[Change]) -> Result<Vec<u8>, Error> {
    let json =
        serde_json::to_vec(changes).map_err(|source| Error::io("write", "a record")(std::io::Error::other(source)))?;
    let mut line = checksum(&json).into_bytes();
    line.push(b' ');
    line.extend_from_slice(&json);
    line.push(b'\n');
    Ok(line)
}

fn parse(line: &[u8]) -> Result<Vec<Change>, String> {
    let (sum, json) = line.split_at_checked(CHECKSUM_DIGITS).ok_or("the line is too short")?;
    let json = json.strip_prefix(b" ").ok_or("the checksum is not followed by a space")?;
    if checksum(json).as_bytes() != sum {
        return Err("the checksum does not match".to_owned());
    }
    serde_json::from_slice(json).map_err(|e| e.to_string())
}

fn checksum(json: &[u8]) -> String {
    let digest = Sha256::digest(json);
    digest.iter().take(CHECKSUM_DIGITS / 2).map(|byte| format!("{byte:02x}")).collect()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used)]
    use super::*;

    #[test]
    fn a_write_that_fails_and_cannot_be_taken_back_is_the_last() {
        let path = PathBuf::from("/dev/full");
        let file = OpenOptions::new().write(true).open(&path).unwrap();
        let mut log = Log { path, file, bytes: 0, poisoned: false };
        assert!(matches!(log.append(&[]), Err(Error::Io { .. })));
        assert!(matches!(log.append(&[]), Err(Error::Poisoned)));
        assert_eq!(log.bytes(), 0);
    }

    #[test]
    fn a_file_of_another_format_is_left_alone() {
        let home = tempfile::tempdir().unwrap();
        let path = home.path().join("state.log");
        fs::write(&path, "something else\n").unwrap();
        assert!(matches!(Log::open(&path, |_| ()), Err(Error::Version { .. })));
        assert_eq!(fs::read(&path).unwrap(), b"something else\n");
    }
}
