//! The audit log: every host call, allowed or denied, as a hash-chained JSON line.
//!
//! A line is hashed together with the hash of the line before it, so nothing in the middle can be
//! changed or taken out unseen; the last hash, the head, is anchored in each snapshot, so the end
//! cannot be cut off unseen either. Lines get their place in the chain when they are written, under
//! a lock on the file, so that a plan may run beside an apply. A line that a crash tore is kept in
//! a line of its own that says so.

mod tally;
mod verify;

use std::collections::BTreeSet;
use std::fs::{File, OpenOptions};
use std::io::{Read, Seek, SeekFrom, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use maps_engine::name::RuleId;
use rustix::fs::{FlockOperation, flock};
use serde::Serialize;
use serde_json::Value as Json;
use sha2::{Digest, Sha256};
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

pub use self::tally::{Denied, Tally, Use, Way, tally};
pub use self::verify::{VerifyError, Walked, check_anchor, restart, verify, walk};
use crate::printable::printable;

/// What the first line says of the line before it.
const GENESIS: &str = "0000000000000000000000000000000000000000000000000000000000000000";
/// What stands before the hash that ends a line.
const HASH_FIELD: &str = ",\"hash\":\"";
/// Buffered lines are written at the latest when they are so many bytes: little enough to lose to
/// a kill, since only lines that announce nothing are buffered.
const BUFFER_BYTES: usize = 64 << 10;
/// The longest text of a field; what is longer is cut.
const TEXT_BYTES: usize = 2 << 10;
/// How far back from the end the last line is looked for; far above any line's length.
const TAIL_BYTES: u64 = 1 << 20;

/// Why the log cannot be written. Nothing that it would have recorded may happen.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum AuditError {
    /// The file cannot be opened, read, locked, written or synchronised.
    #[error("the audit log {path} cannot be written: {reason}")]
    Io {
        /// The file.
        path: String,
        /// The system's reason.
        reason: String,
    },
    /// Its end is no line of an audit log.
    #[error("the audit log {path} is damaged at its end")]
    Damaged {
        /// The file.
        path: String,
    },
    /// There is no log.
    #[error("nothing is logged here, so nothing that has to be may happen")]
    Nowhere,
    /// The line is not there that the state was saved with.
    #[error(
        "the audit log {path} does not hold the line that the state was saved with: it was emptied, cut or replaced"
    )]
    Lost {
        /// The file.
        path: String,
    },
}

/// How a call went.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(tag = "outcome", rename_all = "kebab-case")]
pub enum Outcome {
    /// It is about to leave.
    Sent,
    /// It was not allowed.
    Denied {
        /// The refusal's code.
        code: String,
    },
    /// It was answered.
    Answered {
        /// The HTTP status, where there is one.
        #[serde(skip_serializing_if = "Option::is_none")]
        status: Option<u16>,
    },
    /// It failed without an answer.
    Failed {
        /// The problem's code.
        code: String,
    },
}

/// One line, before it has its place.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Record {
    /// The run.
    pub run: String,
    /// Whose call.
    pub plugin: String,
    /// The resources it is about.
    pub addresses: Vec<String>,
    /// `read` or `write`.
    pub phase: &'static str,
    /// The export that was running.
    pub operation: &'static str,
    /// The interface: `http-write`.
    pub interface: &'static str,
    /// Ties the line before a call and the line after it together.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub call: Option<u64>,
    /// The rule that allowed it, or that came nearest.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub rule: Option<RuleId>,
    /// What it was, redacted.
    pub summary: String,
    /// How it went.
    #[serde(flatten)]
    pub outcome: Outcome,
    /// How long it took, where it has ended.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub duration_ms: Option<u64>,
}

/// One stack's audit log.
pub struct Audit {
    /// None where nothing is kept.
    path: Option<PathBuf>,
    calls: AtomicU64,
    /// The codes of what was refused; all of them the host's own, so there are few.
    denied: Mutex<BTreeSet<String>>,
    waiting: Mutex<Waiting>,
    file: Mutex<Written>,
}

/// Lines that are not in the file yet.
#[derive(Default)]
struct Waiting {
    lines: Vec<Json>,
    bytes: usize,
    /// How many lines were ever put here.
    taken: u64,
}

/// What is in the file.
struct Written {
    file: Option<File>,
    /// Its length when this process last wrote; another length means that another process did.
    length: Option<u64>,
    head: String,
    /// How many lines of this process are durable.
    durable: u64,
    broken: Option<AuditError>,
}

impl Audit {
    /// The log at `path`, which is opened, and made if need be, by the first line.
    pub fn at(path: impl Into<PathBuf>) -> Arc<Self> {
        Self::of(Some(path.into()))
    }

    /// No log, for what changes nothing and is not asked about afterwards: what is noted is forgotten, and what has
    /// to be durable is refused.
    pub fn nowhere() -> Arc<Self> {
        Self::of(None)
    }

    fn of(path: Option<PathBuf>) -> Arc<Self> {
        let written = Written { file: None, length: None, head: GENESIS.to_owned(), durable: 0, broken: None };
        Arc::new(Self {
            path,
            calls: AtomicU64::new(0),
            denied: Mutex::default(),
            waiting: Mutex::default(),
            file: Mutex::new(written),
        })
    }

    /// A number for [`Record::call`], unique in this process.
    pub fn next_call(&self) -> u64 {
        self.calls.fetch_add(1, Ordering::Relaxed) + 1
    }

    /// The codes of everything that was refused so far. What a guest answers can be made up, and a
    /// cloud's own 403 looks much the same: only what stands here was refused by the host.
    pub fn denied(&self) -> BTreeSet<String> {
        lock(&self.denied).clone()
    }

    /// Records something that has happened, or that changes nothing. Written with the next line
    /// that must be durable, and by [`Audit::flush`].
    pub fn note(&self, record: &Record) {
        let full = self.put(record).1 >= BUFFER_BYTES;
        if self.path.is_none() {
            *lock(&self.waiting) = Waiting::default();
        } else if full {
            // A failure is kept, and told to whoever must know: the next durable line, the flush.
            let _ = self.write_out(0);
        }
    }

    /// Records something that is about to happen, and returns once the line is durable.
    /// Concurrent callers share one synchronisation of the disk.
    ///
    /// # Errors
    /// When it is not durable: then it must not happen.
    pub async fn durable(self: &Arc<Self>, record: &Record) -> Result<(), AuditError> {
        let (line, _) = self.put(record);
        self.reach(line).await
    }

    /// Writes what is buffered, durably.
    ///
    /// # Errors
    /// When it cannot.
    pub async fn flush(self: &Arc<Self>) -> Result<(), AuditError> {
        let line = lock(&self.waiting).taken;
        self.reach(line).await
    }

    /// The hash of the last line, after everything recorded so far is durable: for the snapshot.
    ///
    /// # Errors
    /// When something cannot be written.
    pub async fn head(self: &Arc<Self>) -> Result<String, AuditError> {
        self.flush().await?;
        Ok(lock(&self.file).head.clone())
    }

    fn put(&self, record: &Record) -> (u64, usize) {
        if let Outcome::Denied { code } = &record.outcome {
            lock(&self.denied).insert(code.clone());
        }
        let mut line = serde_json::to_value(record).unwrap_or_default();
        clean(&mut line);
        let now = OffsetDateTime::now_utc().format(&Rfc3339).unwrap_or_default();
        if let Json::Object(fields) = &mut line {
            fields.insert("time".to_owned(), now.into());
        }
        let mut waiting = lock(&self.waiting);
        waiting.bytes += line.to_string().len();
        waiting.taken += 1;
        waiting.lines.push(line);
        (waiting.taken, waiting.bytes)
    }

    async fn reach(self: &Arc<Self>, line: u64) -> Result<(), AuditError> {
        let this = Arc::clone(self);
        // On a thread of its own, to its end, even if the caller is cancelled in between.
        let done = tokio::task::spawn_blocking(move || this.write_out(line)).await;
        done.unwrap_or_else(|error| Err(self.io(&error)))
    }

    /// Writes all that waits, unless line number `line` is durable already: whoever gets the file
    /// first writes for all who wait behind.
    fn write_out(&self, line: u64) -> Result<(), AuditError> {
        let mut written = lock(&self.file);
        if line > 0 && written.durable >= line {
            return Ok(());
        }
        if let Some(broken) = &written.broken {
            return Err(broken.clone());
        }
        let (lines, taken) = {
            let mut waiting = lock(&self.waiting);
            waiting.bytes = 0;
            (std::mem::take(&mut waiting.lines), waiting.taken)
        };
        match self.append(&mut written, lines) {
            Ok(()) => written.durable = taken,
            // After a failed write nobody knows what the disk holds, so nothing more is promised.
            Err(error) => written.broken = Some(error),
        }
        written.broken.clone().map_or(Ok(()), Err)
    }

    fn append(&self, written: &mut Written, lines: Vec<Json>) -> Result<(), AuditError> {
        if lines.is_empty() {
            return Ok(());
        }
        if written.file.is_none() {
            written.file = Some(self.open()?);
        }
        let Some(file) = written.file.as_mut() else { return Ok(()) };
        flock(&*file, FlockOperation::LockExclusive).map_err(|error| self.io(&error))?;
        let length = file.metadata().map_err(|error| self.io(&error))?.len();
        let mut lines = lines;
        if written.length != Some(length) {
            let (head, torn) = self.tail(file, length)?;
            written.head = head;
            if let Some(torn) = torn {
                lines.insert(0, serde_json::json!({ "torn": torn }));
            }
        }
        let mut text = String::new();
        let mut head = written.head.clone();
        for mut line in lines {
            if let Json::Object(fields) = &mut line {
                fields.insert("prev".to_owned(), head.into());
            }
            let body = line.to_string();
            head = hash(&body);
            text.push_str(body.strip_suffix('}').unwrap_or(&body));
            text.push_str(HASH_FIELD);
            text.push_str(&head);
            text.push_str("\"}\n");
        }
        let end = file.seek(SeekFrom::End(0)).map_err(|error| self.io(&error))?;
        file.write_all(text.as_bytes()).map_err(|error| self.io(&error))?;
        file.sync_data().map_err(|error| self.io(&error))?;
        written.length = Some(end + text.len() as u64);
        written.head = head;
        flock(&*file, FlockOperation::Unlock).map_err(|error| self.io(&error))
    }

    fn open(&self) -> Result<File, AuditError> {
        let path = self.path.as_ref().ok_or(AuditError::Nowhere)?;
        if let Some(folder) = path.parent().filter(|folder| !folder.as_os_str().is_empty()) {
            std::fs::create_dir_all(folder).map_err(|error| self.io(&error))?;
        }
        open_log(path).map_err(|error| self.io(&error))
    }

    /// The last line's hash, and what a crash left of a line after it, which is taken off.
    fn tail(&self, file: &mut File, length: u64) -> Result<(String, Option<String>), AuditError> {
        let from = length.saturating_sub(TAIL_BYTES);
        let mut bytes = Vec::new();
        file.seek(SeekFrom::Start(from)).map_err(|error| self.io(&error))?;
        Read::by_ref(file).take(length - from).read_to_end(&mut bytes).map_err(|error| self.io(&error))?;
        let whole = bytes.iter().rposition(|byte| *byte == b'\n').map_or(0, |at| at + 1);
        let (lines, rest) = bytes.split_at(whole);
        let damaged = || AuditError::Damaged { path: self.shown() };
        let head = match lines.strip_suffix(b"\n") {
            None if from > 0 => return Err(damaged()),
            None => GENESIS.to_owned(),
            Some(lines) => {
                let last = lines.rsplit(|byte| *byte == b'\n').next().unwrap_or_default();
                let (_, hash) = std::str::from_utf8(last).ok().and_then(check_line).ok_or_else(damaged)?;
                hash
            }
        };
        if rest.is_empty() {
            return Ok((head, None));
        }
        file.set_len(from + whole as u64).map_err(|error| self.io(&error))?;
        let mut torn = Json::String(String::from_utf8_lossy(rest).into_owned());
        clean(&mut torn);
        Ok((head, torn.as_str().map(str::to_owned)))
    }

    fn io(&self, error: &dyn std::fmt::Display) -> AuditError {
        AuditError::Io { path: self.shown(), reason: error.to_string() }
    }

    /// Its path for people; without one nothing fails that would name it.
    fn shown(&self) -> String {
        self.path.as_deref().map(|path| path.display().to_string()).unwrap_or_default()
    }
}

impl Drop for Audit {
    fn drop(&mut self) {
        // Who must know whether this works has flushed before.
        let _ = self.write_out(0);
    }
}

fn open_log(path: &Path) -> std::io::Result<File> {
    let mut options = OpenOptions::new();
    options.read(true).write(true).create(true).truncate(false).mode(0o600);
    // A link, such as a cloned repository may bring, would have another file of the user's written.
    options.custom_flags(rustix::fs::OFlags::NOFOLLOW.bits().cast_signed());
    options.open(path)
}

/// The line without its hash, and the hash.
fn split_line(line: &str) -> Option<(String, &str)> {
    let (body, hash) = line.strip_suffix("\"}")?.rsplit_once(HASH_FIELD)?;
    (hash.len() == GENESIS.len()).then(|| (format!("{body}}}"), hash))
}

/// The line's own hash and the one before it, if the line is as it was written.
fn check_line(line: &str) -> Option<(String, String)> {
    let (body, claimed) = split_line(line)?;
    let json: Json = serde_json::from_str(&body).ok()?;
    let prev = json.get("prev")?.as_str()?.to_owned();
    (hash(&body) == claimed).then(|| (prev, claimed.to_owned()))
}

fn hash(body: &str) -> String {
    Sha256::digest(body.as_bytes()).iter().map(|byte| format!("{byte:02x}")).collect()
}

/// Takes control characters and marks that reorder text out of every text, and cuts long ones.
fn clean(json: &mut Json) {
    match json {
        Json::String(text) => *text = printable(text, TEXT_BYTES),
        Json::Array(items) => items.iter_mut().for_each(clean),
        Json::Object(fields) => fields.values_mut().for_each(clean),
        _ => {}
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    // What the lock guards is changed in single steps, so a panic elsewhere leaves it whole.
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used)]
    use super::*;

    pub(super) fn record(summary: &str, outcome: Outcome) -> Record {
        Record {
            run: "r1".to_owned(),
            plugin: "doks".to_owned(),
            addresses: vec!["cluster".to_owned()],
            phase: "write",
            operation: "create",
            interface: "http-write",
            call: Some(1),
            rule: None,
            summary: summary.to_owned(),
            outcome,
            duration_ms: None,
        }
    }

    #[tokio::test]
    async fn without_a_log_reads_are_forgotten_and_nothing_that_must_be_recorded_may_happen() {
        let audit = Audit::nowhere();
        audit.note(&record("a read", Outcome::Denied { code: "not-granted".to_owned() }));
        assert_eq!(audit.denied().len(), 1, "what was refused is known all the same");
        audit.flush().await.unwrap();
        assert_eq!(audit.durable(&record("a write", Outcome::Sent)).await, Err(AuditError::Nowhere));
    }

    #[tokio::test]
    async fn lines_chain_over_processes_and_verify() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("deep/audit.jsonl");
        let first = Audit::at(&path);
        let second = Audit::at(&path);
        first.durable(&record("one", Outcome::Sent)).await.unwrap();
        second.note(&record("two", Outcome::Sent));
        second.durable(&record("three", Outcome::Sent)).await.unwrap();
        first.durable(&record("four", Outcome::Sent)).await.unwrap();
        let head = first.head().await.unwrap();
        assert_eq!(verify(&path), Ok(head));
        assert_eq!(std::fs::read_to_string(&path).unwrap().lines().count(), 4);
    }

    #[tokio::test]
    async fn rt36_a_link_in_place_of_the_log_leads_nowhere() {
        let folder = tempfile::tempdir().unwrap();
        let (victim, path) = (folder.path().join("victim"), folder.path().join("audit.jsonl"));
        std::fs::write(&victim, "a key without a line's end").unwrap();
        std::os::unix::fs::symlink(&victim, &path).unwrap();
        assert!(Audit::at(&path).durable(&record("one", Outcome::Sent)).await.is_err());
        assert_eq!(std::fs::read_to_string(&victim).unwrap(), "a key without a line's end");
    }

    #[tokio::test]
    async fn concurrent_callers_all_become_durable() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("audit.jsonl");
        let audit = Audit::at(&path);
        let records: Vec<_> = (0..64).map(|n| record(&format!("call {n}"), Outcome::Sent)).collect();
        let all = records.iter().map(|record| audit.durable(record));
        assert!(futures::future::join_all(all).await.iter().all(Result::is_ok));
        assert_eq!(std::fs::read_to_string(&path).unwrap().lines().count(), 64);
        verify(&path).unwrap();
    }

    #[tokio::test]
    async fn what_was_changed_taken_out_or_swapped_is_found() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("audit.jsonl");
        let audit = Audit::at(&path);
        for summary in ["one", "two", "three"] {
            audit.durable(&record(summary, Outcome::Sent)).await.unwrap();
        }
        let text = std::fs::read_to_string(&path).unwrap();
        let lines: Vec<_> = text.lines().collect();
        let verify_text = |text: String| {
            std::fs::write(&path, text).unwrap();
            verify(&path)
        };
        assert_eq!(verify_text(text.replace("two", "owt")), Err(VerifyError::Changed { line: 2 }));
        assert_eq!(verify_text(format!("{}\n{}\n", lines[0], lines[2])), Err(VerifyError::Broken { line: 2 }));
        assert_eq!(verify_text(format!("{}\n{}\n", lines[1], lines[2])), Err(VerifyError::Broken { line: 1 }));
        assert_eq!(verify_text(format!("{text}{{}}\n")), Err(VerifyError::Malformed { line: 4 }));
        assert_eq!(verify_text(text[..text.len() - 9].to_owned()), Err(VerifyError::Torn { line: 3 }));
    }

    #[tokio::test]
    async fn rt37_a_torn_last_line_is_kept_and_the_chain_goes_on() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("audit.jsonl");
        Audit::at(&path).durable(&record("one", Outcome::Sent)).await.unwrap();
        let mut text = std::fs::read_to_string(&path).unwrap();
        text.push_str("{\"run\":\"half of a li");
        std::fs::write(&path, text).unwrap();
        Audit::at(&path).durable(&record("two", Outcome::Sent)).await.unwrap();
        let text = std::fs::read_to_string(&path).unwrap();
        let lines: Vec<Json> = text.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
        assert_eq!(lines[1]["torn"], "{\"run\":\"half of a li");
        assert_eq!(lines[2]["summary"], "two");
        verify(&path).unwrap();
    }

    #[tokio::test]
    async fn rt37_a_full_or_forbidden_log_is_an_error() {
        let full = Audit::at("/dev/full");
        assert!(matches!(full.durable(&record("one", Outcome::Sent)).await, Err(AuditError::Io { .. })));
        assert!(
            full.durable(&record("two", Outcome::Sent)).await.is_err(),
            "a log that failed once promises nothing more"
        );
        let folder = tempfile::tempdir().unwrap();
        assert!(Audit::at(folder.path()).durable(&record("one", Outcome::Sent)).await.is_err());
        let damaged = folder.path().join("audit.jsonl");
        std::fs::write(&damaged, "not an audit log\n").unwrap();
        assert!(matches!(
            Audit::at(&damaged).durable(&record("one", Outcome::Sent)).await,
            Err(AuditError::Damaged { .. })
        ));
    }

    #[tokio::test]
    async fn rt35_control_characters_do_not_reach_the_log() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("audit.jsonl");
        Audit::at(&path).durable(&record("a\u{1b}[31mb\u{202e}c\nd", Outcome::Sent)).await.unwrap();
        let line: Json = serde_json::from_str(&std::fs::read_to_string(&path).unwrap()).unwrap();
        assert_eq!(line["summary"], "abc d");
    }
}
