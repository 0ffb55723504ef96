//! The journal's file: one JSON line an entry, each bound by its sum to all lines before it.

use std::path::{Path, PathBuf};

use maps_engine::Snapshot;
use serde::{Deserialize, Serialize};

use crate::chain::{HEX, Sum};
use crate::disk;
use crate::error::FileError;

const FORMAT: u64 = 1;

// As with the snapshot, the frame is exact text around an entry's own bytes.
const NUMBER: &[u8] = br#"{"n":"#;
const SUM: &[u8] = br#","sum":""#;
const BODY: &[u8] = br#"","entry":"#;
const TAIL: &[u8] = b"}";

/// The first line: whose journal this is, and onto which snapshot it folds.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Header {
    journal: u64,
    pub(crate) stack: String,
    pub(crate) environment: Option<String>,
    /// The snapshot's serial; 0 where there is none yet.
    pub(crate) serial: u64,
    /// The snapshot's sum; none where there is none yet.
    pub(crate) snapshot: Option<String>,
}

impl Header {
    pub(crate) fn new(snapshot: &Snapshot, sum: Option<Sum>) -> Self {
        Self {
            journal: FORMAT,
            stack: snapshot.stack.clone(),
            environment: snapshot.environment.clone(),
            serial: snapshot.serial,
            snapshot: sum.map(|sum| sum.to_string()),
        }
    }
}

/// Where a journal ends: what the next line is appended to.
#[derive(Clone, Copy, Debug)]
pub(crate) struct End {
    /// The length of its whole lines in bytes.
    pub(crate) length: u64,
    /// The number of the next line.
    pub(crate) next: u64,
    /// The sum of the last line.
    pub(crate) head: Sum,
}

/// A journal as it lies on the disk, its chain checked.
pub(crate) struct Stored {
    pub(crate) header: Header,
    pub(crate) end: End,
    /// Bytes after the last whole line: a write that a crash cut short, and that was never durable.
    pub(crate) torn: usize,
    bytes: Vec<u8>,
    lines: Vec<std::ops::Range<usize>>,
}

impl Stored {
    /// Each entry's JSON with its line number in the file.
    pub(crate) fn entries(&self) -> impl Iterator<Item = (usize, &[u8])> {
        self.lines.iter().enumerate().map(|(index, range)| (index + 2, &self.bytes[range.clone()]))
    }
}

pub(crate) fn path(dir: &Path) -> PathBuf {
    dir.join("journal.jsonl")
}

/// The bytes of a new journal that holds no entry, and its end.
pub(crate) fn start(header: &Header, path: &Path) -> Result<(Vec<u8>, End), FileError> {
    let json = serde_json::to_vec(header).map_err(|e| FileError::io("write", path)(e.into()))?;
    let mut end = End { length: 0, next: 0, head: origin() };
    let mut bytes = Vec::new();
    push(&mut bytes, &mut end, &json);
    Ok((bytes, end))
}

/// Adds one line to what is about to be written, and moves the end behind it.
pub(crate) fn push(bytes: &mut Vec<u8>, end: &mut End, json: &[u8]) {
    let before = bytes.len();
    end.head = end.head.then(end.next, json);
    let (number, sum) = (end.next.to_string(), end.head.to_string());
    for part in [NUMBER, number.as_bytes(), SUM, sum.as_bytes(), BODY, json, TAIL, b"\n"] {
        bytes.extend(part);
    }
    end.next += 1;
    end.length += (bytes.len() - before) as u64;
}

/// What the first line's sum is bound to.
fn origin() -> Sum {
    Sum::of(&[b"maps journal", &FORMAT.to_be_bytes()])
}

/// Reads and checks; none where there is no journal.
pub(crate) fn read(dir: &Path) -> Result<Option<Stored>, FileError> {
    let path = path(dir);
    let Some(bytes) = disk::read(&path)? else { return Ok(None) };
    parse(bytes, &path).map(Some)
}

fn parse(bytes: Vec<u8>, path: &Path) -> Result<Stored, FileError> {
    let damaged =
        |line, what: &str| FileError::Damaged { path: path.to_owned(), line: Some(line), what: what.to_owned() };
    let mut end = End { length: 0, next: 0, head: origin() };
    let mut lines = Vec::new();
    let mut at = 0;
    while let Some(length) = bytes[at..].iter().position(|byte| *byte == b'\n') {
        let line = lines.len() + 1;
        let (number, sum, json) =
            split(&bytes[at..at + length]).ok_or_else(|| damaged(line, "this is not a line that maps wrote"))?;
        if number != end.next {
            return Err(damaged(line, &format!("entry {number} stands where entry {} belongs", end.next)));
        }
        end.head = end.head.then(number, json);
        if sum != end.head {
            return Err(damaged(line, "the line, or one before it, does not match its checksum"));
        }
        let json_start = at + length - TAIL.len() - json.len();
        lines.push(json_start..json_start + json.len());
        at += length + 1;
        end.next += 1;
    }
    end.length = at as u64;
    if lines.is_empty() {
        // A journal appears under its name with its first line whole, so this one was cut later.
        return Err(damaged(1, "the first line is missing or cut short"));
    }
    let header = lines.remove(0);
    let header: Header = serde_json::from_slice(&bytes[header])
        .map_err(|_| damaged(1, "the first line says not whose journal this is"))?;
    if header.journal != FORMAT {
        return Err(FileError::Newer { path: path.to_owned(), found: header.journal, known: FORMAT });
    }
    Ok(Stored { header, end, torn: bytes.len() - at, bytes, lines })
}

fn split(line: &[u8]) -> Option<(u64, Sum, &[u8])> {
    let rest = line.strip_prefix(NUMBER)?;
    let digits = rest.iter().take_while(|b| b.is_ascii_digit()).count();
    let number = std::str::from_utf8(&rest[..digits]).ok()?.parse().ok()?;
    let (sum, rest) = rest[digits..].strip_prefix(SUM)?.split_at_checked(HEX)?;
    let json = rest.strip_prefix(BODY)?.strip_suffix(TAIL)?;
    Some((number, Sum::parse(sum)?, json))
}
