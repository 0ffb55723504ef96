//! The snapshot's file: JSON in an envelope that says whether it is whole, and what it folded.

use std::fs;
use std::path::{Path, PathBuf};

use crate::chain::{HEX, Sum};
use crate::disk;
use crate::error::FileError;

/// The envelope's format; the model inside has a version of its own.
const FORMAT: u64 = 1;
/// Enough to go back several runs, and few enough that a folder stays small.
const HISTORY: usize = 20;

// The envelope is written and read as exact text around the snapshot's own bytes: the sum is over
// bytes, so that no second way of writing the same JSON has to agree with the first.
const HEAD: &str = r#"{"maps":"snapshot","format":"#;
const SUM: &[u8] = br#","sha256":""#;
const FOLDED: &[u8] = br#"","folded":""#;
const BODY: &[u8] = br#"","snapshot":"#;
const TAIL: &[u8] = b"}\n";

/// A snapshot as it lies on the disk, found whole.
pub(crate) struct Stored {
    /// Over everything that matters.
    pub(crate) sum: Sum,
    /// The head of the journal that was folded into it.
    pub(crate) folded: Sum,
    bytes: Vec<u8>,
    body: usize,
}

impl Stored {
    /// The snapshot's own JSON.
    pub(crate) fn json(&self) -> &[u8] {
        &self.bytes[self.body..self.bytes.len() - TAIL.len()]
    }
}

pub(crate) fn path(dir: &Path) -> PathBuf {
    dir.join("snapshot.json")
}

/// Reads and checks; none where there is no snapshot.
pub(crate) fn read(dir: &Path) -> Result<Option<Stored>, FileError> {
    let path = path(dir);
    let Some(bytes) = disk::read(&path)? else { return Ok(None) };
    parse(bytes, &path).map(Some)
}

fn parse(bytes: Vec<u8>, path: &Path) -> Result<Stored, FileError> {
    let shape = || FileError::damaged(path, "it does not begin or end as maps wrote it");
    let rest = bytes.strip_prefix(HEAD.as_bytes()).ok_or_else(shape)?;
    let digits = rest.iter().take_while(|b| b.is_ascii_digit()).count();
    let format: u64 = std::str::from_utf8(&rest[..digits]).ok().and_then(|text| text.parse().ok()).ok_or_else(shape)?;
    if format != FORMAT {
        return Err(FileError::Newer { path: path.to_owned(), found: format, known: FORMAT });
    }
    let (sum, rest) = rest[digits..].strip_prefix(SUM).and_then(|rest| rest.split_at_checked(HEX)).ok_or_else(shape)?;
    let (folded, rest) = rest.strip_prefix(FOLDED).and_then(|rest| rest.split_at_checked(HEX)).ok_or_else(shape)?;
    let json = rest.strip_prefix(BODY).and_then(|rest| rest.strip_suffix(TAIL)).ok_or_else(shape)?;
    let (sum, folded) = Sum::parse(sum).zip(Sum::parse(folded)).ok_or_else(shape)?;
    if sum != sum_of(&folded, json) {
        return Err(FileError::damaged(path, "its content does not match its checksum"));
    }
    let body = bytes.len() - TAIL.len() - json.len();
    Ok(Stored { sum, folded, bytes, body })
}

fn sum_of(folded: &Sum, json: &[u8]) -> Sum {
    Sum::of(&[b"maps snapshot", &FORMAT.to_be_bytes(), folded.to_string().as_bytes(), json])
}

/// Replaces the snapshot by `json`, which has folded the journal up to `folded`; the one before is
/// kept as history under its serial. Returns the new one's sum.
pub(crate) fn write(dir: &Path, json: &[u8], folded: &Sum, before: Option<u64>) -> Result<Sum, FileError> {
    let path = path(dir);
    if let Some(serial) = before {
        keep(dir, &path, serial)?;
    }
    let sum = sum_of(folded, json);
    let mut content = format!("{HEAD}{FORMAT}").into_bytes();
    for part in [SUM, sum.to_string().as_bytes(), FOLDED, folded.to_string().as_bytes(), BODY, json, TAIL] {
        content.extend(part);
    }
    disk::replace(&path, &content)?;
    Ok(sum)
}

/// Keeps the present snapshot under `history/`, without copying it, and forgets the oldest ones.
fn keep(dir: &Path, path: &Path, serial: u64) -> Result<(), FileError> {
    let history = dir.join("history");
    disk::create_dir(&history)?;
    // Twenty digits hold any serial, so that names sort as numbers do.
    let kept = history.join(format!("{serial:020}.json"));
    match fs::remove_file(&kept) {
        Err(e) if e.kind() != std::io::ErrorKind::NotFound => return Err(FileError::io("remove", &kept)(e)),
        _ => {}
    }
    fs::hard_link(path, &kept).map_err(FileError::io("create", &kept))?;
    let entries = fs::read_dir(&history).map_err(FileError::io("read", &history))?;
    // What does not bear a name of ours is somebody's own, and stays.
    let kept = |path: &Path| {
        let serial = path.file_name().and_then(|name| name.to_str()?.strip_suffix(".json"));
        serial.is_some_and(|serial| serial.len() == 20 && serial.bytes().all(|byte| byte.is_ascii_digit()))
    };
    let mut names: Vec<PathBuf> = entries.filter_map(|entry| Some(entry.ok()?.path())).collect();
    names.retain(|path| kept(path));
    names.sort();
    for old in names.iter().rev().skip(HISTORY) {
        fs::remove_file(old).map_err(FileError::io("remove", old))?;
    }
    Ok(())
}
