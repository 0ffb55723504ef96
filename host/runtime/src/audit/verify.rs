//! Reading the log: line by line, each held against the one before it, so that a log of any length
//! is read in little memory; and whether the line is there that a snapshot was anchored at.

use std::fs::File;
use std::io::{BufRead, BufReader, Read, Seek, SeekFrom, Write as _};
use std::path::{Path, PathBuf};

use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

use super::{AuditError, GENESIS, HASH_FIELD, hash, split_line};

/// No line is longer: every text in one is cut, and so is every list.
const LINE_BYTES: u64 = 4 << 20;
/// How much is looked through at once for an anchor, from the end backwards.
const CHUNK_BYTES: usize = 256 << 10;

/// Why a log does not verify.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum VerifyError {
    /// It cannot be read.
    #[error("cannot be read: {0}")]
    Io(String),
    /// A line that is not one of ours.
    #[error("line {line} is not a line of an audit log")]
    Malformed {
        /// From 1.
        line: usize,
    },
    /// A line was changed.
    #[error("line {line} was changed after it was written")]
    Changed {
        /// From 1.
        line: usize,
    },
    /// A line was taken out or put in.
    #[error("line {line} does not follow the line before it")]
    Broken {
        /// From 1.
        line: usize,
    },
    /// The last line has no end: a crash tore it, and nothing was written since.
    #[error("line {line} is torn")]
    Torn {
        /// From 1.
        line: usize,
    },
}

/// What a whole log came to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Walked {
    /// The hash of its last line.
    pub head: String,
    /// How many lines it has.
    pub lines: usize,
    /// The line that the anchor is the hash of, or 0 for the log's beginning; none if it has none.
    pub anchor: Option<usize>,
}

/// Checks a whole log and returns its head.
///
/// # Errors
/// The first line that is wrong, and how.
pub fn verify(path: &Path) -> Result<String, VerifyError> {
    walk(path, None, |_| {}).map(|walked| walked.head)
}

/// Checks a log line by line, and shows each line that is right. A log that is not there is empty.
/// `anchor` is the head that a snapshot was saved with.
///
/// # Errors
/// The first line that is wrong, and how; the lines before it were shown.
pub fn walk(path: &Path, anchor: Option<&str>, mut each: impl FnMut(&str)) -> Result<Walked, VerifyError> {
    let failed = |error: std::io::Error| VerifyError::Io(error.to_string());
    let begun = anchor.is_some_and(|anchor| anchor == GENESIS).then_some(0);
    let mut walked = Walked { head: GENESIS.to_owned(), lines: 0, anchor: begun };
    let mut file = match File::open(path) {
        Ok(file) => BufReader::with_capacity(CHUNK_BYTES, file),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(walked),
        Err(error) => return Err(failed(error)),
    };
    let mut bytes = Vec::new();
    loop {
        bytes.clear();
        if Read::by_ref(&mut file).take(LINE_BYTES).read_until(b'\n', &mut bytes).map_err(failed)? == 0 {
            return Ok(walked);
        }
        walked.lines += 1;
        let line = walked.lines;
        let Some(this) = bytes.strip_suffix(b"\n") else {
            let too_long = bytes.len() as u64 >= LINE_BYTES;
            return Err(if too_long { VerifyError::Malformed { line } } else { VerifyError::Torn { line } });
        };
        let text = std::str::from_utf8(this).map_err(|_| VerifyError::Malformed { line })?;
        let (body, claimed) = split_line(text).ok_or(VerifyError::Malformed { line })?;
        if hash(&body) != claimed {
            return Err(VerifyError::Changed { line });
        }
        let links: Links = serde_json::from_str(&body).map_err(|_| VerifyError::Malformed { line })?;
        if links.prev != walked.head {
            return Err(VerifyError::Broken { line });
        }
        claimed.clone_into(&mut walked.head);
        if anchor.is_some_and(|anchor| anchor == claimed || links.restarted.as_deref() == Some(anchor)) {
            walked.anchor = Some(line);
        }
        each(&body);
    }
}

/// What ties a line to others.
#[derive(serde::Deserialize)]
struct Links {
    prev: String,
    /// In the first line after a restart: the head that the state was anchored at, whose log is lost.
    #[serde(default)]
    restarted: Option<String>,
}

/// Has the log the line that `anchor` is the hash of, or one that says that its log was lost?
/// Looked for from the end, where it nearly always is; that the lines follow each other is for
/// [`walk`] to say.
///
/// # Errors
/// When the log cannot be read, or has no such line: it was emptied, cut or replaced.
pub fn check_anchor(path: &Path, anchor: &str) -> Result<(), AuditError> {
    let shown = || path.display().to_string();
    let failed = |error: std::io::Error| AuditError::Io { path: shown(), reason: error.to_string() };
    let lost = || AuditError::Lost { path: shown() };
    if anchor == GENESIS {
        return Ok(());
    }
    let plain = anchor.len() == GENESIS.len() && anchor.bytes().all(|byte| byte.is_ascii_hexdigit());
    let mut file = match File::open(path) {
        Ok(file) if plain => file,
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => return Err(failed(error)),
        _ => return Err(lost()),
    };
    let wanted = [format!("{HASH_FIELD}{anchor}\"}}\n"), format!("\"restarted\":\"{anchor}\"")];
    let overlap = wanted.iter().map(String::len).max().unwrap_or(0);
    let mut end = file.seek(SeekFrom::End(0)).map_err(failed)?;
    let mut after = Vec::new();
    while end > 0 {
        let from = end.saturating_sub(CHUNK_BYTES as u64);
        let mut chunk = Vec::new();
        file.seek(SeekFrom::Start(from)).map_err(failed)?;
        Read::by_ref(&mut file).take(end - from).read_to_end(&mut chunk).map_err(failed)?;
        let length = chunk.len();
        chunk.extend_from_slice(&after);
        let text = String::from_utf8_lossy(&chunk);
        if wanted.iter().any(|wanted| text.contains(wanted.as_str())) {
            return Ok(());
        }
        after = chunk[..overlap.min(length)].to_vec();
        end = from;
    }
    Err(lost())
}

/// Puts a log aside that was damaged, cut or lost, and begins a new one whose first line says at
/// which line's hash the state was saved. Returns where the old one is, if there was one.
///
/// # Errors
/// When it cannot be put aside, or the new one cannot be written.
pub fn restart(path: &Path, anchor: &str) -> Result<Option<PathBuf>, AuditError> {
    let failed = |error: std::io::Error| AuditError::Io { path: path.display().to_string(), reason: error.to_string() };
    let now = OffsetDateTime::now_utc();
    let aside = path.with_extension(format!("{}.jsonl", now.unix_timestamp_nanos()));
    let kept = match std::fs::rename(path, &aside) {
        Ok(()) => Some(aside),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => None,
        Err(error) => return Err(failed(error)),
    };
    let time = now.format(&Rfc3339).unwrap_or_default();
    let body = serde_json::json!({"prev": GENESIS, "restarted": anchor, "time": time}).to_string();
    let line = format!("{}{HASH_FIELD}{}\"}}\n", body.strip_suffix('}').unwrap_or(&body), hash(&body));
    let mut file = super::open_log(path).map_err(failed)?;
    file.write_all(line.as_bytes()).and_then(|()| file.sync_all()).map_err(failed)?;
    Ok(kept)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used)]
    use super::super::tests::record;
    use super::super::{Audit, Outcome};
    use super::*;

    async fn log(folder: &Path, lines: usize) -> (PathBuf, Vec<String>) {
        let path = folder.join("audit.jsonl");
        let audit = Audit::at(&path);
        let mut heads = Vec::new();
        for number in 0..lines {
            audit.note(&record(&format!("call {number}"), Outcome::Sent));
            heads.push(audit.head().await.unwrap());
        }
        (path, heads)
    }

    #[tokio::test]
    async fn an_anchor_is_found_wherever_it_is_and_only_there() {
        let folder = tempfile::tempdir().unwrap();
        let (path, heads) = log(folder.path(), 3).await;
        for (at, head) in heads.iter().enumerate() {
            check_anchor(&path, head).unwrap();
            assert_eq!(walk(&path, Some(head), |_| {}).unwrap().anchor, Some(at + 1));
        }
        check_anchor(&path, GENESIS).unwrap();
        let text = std::fs::read_to_string(&path).unwrap();
        let cut: String = text.lines().take(2).map(|line| format!("{line}\n")).collect();
        std::fs::write(&path, cut).unwrap();
        check_anchor(&path, &heads[1]).unwrap();
        assert!(matches!(check_anchor(&path, &heads[2]), Err(AuditError::Lost { .. })));
        assert_eq!(walk(&path, Some(&heads[2]), |_| {}).unwrap().anchor, None);
        std::fs::write(&path, "").unwrap();
        assert!(matches!(check_anchor(&path, &heads[0]), Err(AuditError::Lost { .. })));
        std::fs::remove_file(&path).unwrap();
        assert!(matches!(check_anchor(&path, &heads[0]), Err(AuditError::Lost { .. })));
        assert!(matches!(check_anchor(&path, "\" and more"), Err(AuditError::Lost { .. })));
    }

    #[test]
    fn an_anchor_across_two_chunks_is_found() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("audit.jsonl");
        let anchor = "ab".repeat(32);
        let line = format!("{{\"x\":1{HASH_FIELD}{anchor}\"}}\n");
        for after in [CHUNK_BYTES - line.len(), CHUNK_BYTES - 40, CHUNK_BYTES - 1, CHUNK_BYTES, 2 * CHUNK_BYTES - 9] {
            std::fs::write(&path, format!("{}\n{line}{}", "y".repeat(CHUNK_BYTES), "x".repeat(after))).unwrap();
            check_anchor(&path, &anchor).unwrap();
        }
    }

    #[tokio::test]
    async fn a_restarted_log_says_what_is_missing_and_keeps_what_was_there() {
        let folder = tempfile::tempdir().unwrap();
        let (path, heads) = log(folder.path(), 2).await;
        std::fs::write(&path, "not an audit log\n").unwrap();
        let aside = restart(&path, &heads[1]).unwrap().unwrap();
        assert_eq!(std::fs::read_to_string(aside).unwrap(), "not an audit log\n");
        check_anchor(&path, &heads[1]).unwrap();
        Audit::at(&path).durable(&record("after", Outcome::Sent)).await.unwrap();
        let walked = walk(&path, Some(&heads[1]), |_| {}).unwrap();
        assert_eq!((walked.lines, walked.anchor), (2, Some(1)));
        std::fs::remove_file(&path).unwrap();
        assert_eq!(restart(&path, &heads[1]).unwrap(), None);
    }
}
