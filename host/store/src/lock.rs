//! One writer a stack: an advisory lock of the operating system, which no crash can leave behind.

use std::fmt;
use std::fs::File;
use std::io::{Read as _, Seek as _, Write as _};
use std::path::Path;

use rustix::fs::{FlockOperation, flock};
use serde::{Deserialize, Serialize};

use crate::disk;
use crate::error::FileError;

/// More than a holder's line ever has, so that a foreign file is not read whole.
const HOLDER_BYTES: u64 = 4096;

/// Who holds a lock, for the message to whoever has to wait.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Holder {
    /// The process; none while it has not said so yet.
    pub pid: Option<u32>,
    /// Since when, in Unix milliseconds.
    pub since: Option<u64>,
}

impl fmt::Display for Holder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (self.pid, self.since) {
            (Some(pid), Some(since)) => write!(f, "process {pid} since {}", Utc(since)),
            (Some(pid), None) => write!(f, "process {pid}"),
            _ => f.write_str("another process, which has not said its name yet"),
        }
    }
}

/// Unix milliseconds as a date and time in UTC.
struct Utc(u64);

impl fmt::Display for Utc {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let seconds = self.0 / 1000;
        let (hour, minute, second) = (seconds / 3600 % 24, seconds / 60 % 60, seconds % 60);
        // Days to a date in the proleptic Gregorian calendar, counting years from March so that
        // the leap day is a year's last.
        let days = seconds / 86_400 + 719_468;
        let (era, day_of_era) = (days / 146_097, days % 146_097);
        let year_of_era = (day_of_era - day_of_era / 1460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
        let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
        let shifted = (5 * day_of_year + 2) / 153;
        let (day, month) = (day_of_year - (153 * shifted + 2) / 5 + 1, (shifted + 2) % 12 + 1);
        let year = era * 400 + year_of_era + u64::from(month <= 2);
        write!(f, "{year:04}-{month:02}-{day:02} {hour:02}:{minute:02}:{second:02} UTC")
    }
}

/// A held lock; dropping it, or dying, releases it.
#[derive(Debug)]
pub(crate) struct Lock {
    file: File,
}

impl Lock {
    /// Takes the lock or says who has it. Never waits.
    pub(crate) fn take(path: &Path, now: u64) -> Result<Self, FileError> {
        let mut file = disk::open_or_create(path)?;
        match flock(&file, FlockOperation::NonBlockingLockExclusive) {
            Ok(()) => {}
            Err(rustix::io::Errno::WOULDBLOCK) => return Err(FileError::Locked { holder: holder(&mut file) }),
            Err(errno) => return Err(FileError::io("lock", path)(errno.into())),
        }
        let me = Holder { pid: Some(std::process::id()), since: Some(now) };
        write_holder(&mut file, &me, path)?;
        Ok(Self { file })
    }
}

impl Drop for Lock {
    fn drop(&mut self) {
        // Only so that the next holder is not announced by our name; the lock itself goes with
        // the file, whatever this answers.
        let _ = self.file.set_len(0);
    }
}

fn write_holder(file: &mut File, holder: &Holder, path: &Path) -> Result<(), FileError> {
    let text = serde_json::to_vec(holder).map_err(|e| FileError::io("write", path)(e.into()))?;
    file.set_len(0)
        .and_then(|()| file.rewind())
        .and_then(|()| file.write_all(&text))
        .map_err(FileError::io("write", path))
}

/// The holder's line; anything unreadable is an unknown holder, never an error of its own.
fn holder(file: &mut File) -> Holder {
    let mut text = Vec::new();
    let read = file.rewind().and_then(|()| file.take(HOLDER_BYTES).read_to_end(&mut text));
    read.ok().and_then(|_| serde_json::from_slice(&text).ok()).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn a_second_taker_is_told_by_whom_and_since_when() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("lock");
        let held = Lock::take(&path, 1_700_000_000_000).unwrap();
        let refused = Lock::take(&path, 1_700_000_000_001).unwrap_err().to_string();
        let pid = std::process::id();
        assert_eq!(refused, format!("the state is locked by process {pid} since 2023-11-14 22:13:20 UTC"));
        drop(held);
        Lock::take(&path, 0).unwrap();
    }

    #[test]
    fn a_lock_file_left_by_a_dead_process_locks_nothing() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("lock");
        std::fs::write(&path, r#"{"pid":1,"since":1}"#).unwrap();
        Lock::take(&path, 2).unwrap();
    }

    #[test]
    fn dates_are_right_around_leap_days() {
        let dates = [
            (0, "1970-01-01 00:00:00 UTC"),
            (951_782_400_000, "2000-02-29 00:00:00 UTC"),
            (1_709_251_199_000, "2024-02-29 23:59:59 UTC"),
            (4_107_542_400_000, "2100-03-01 00:00:00 UTC"),
        ];
        for (at, text) in dates {
            assert_eq!(Utc(at).to_string(), text);
        }
    }
}
