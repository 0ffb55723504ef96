//! The one thread that writes: appends that wait together share one synchronisation of the disk.

use std::fs::{File, OpenOptions};
use std::io::{Seek as _, SeekFrom, Write as _};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::PathBuf;
use std::sync::mpsc::{Receiver, Sender, channel};
use std::thread::JoinHandle;

use futures::channel::oneshot;
use maps_engine::Snapshot;

use crate::error::FileError;
use crate::journal::{self, End, Header};
use crate::lock::Lock;
use crate::{disk, snapshot};

/// Where the next line goes.
pub(crate) enum Position {
    /// Into a new journal, which replaces what may be there.
    Start(Header),
    /// Behind the whole lines of the journal that is there.
    Continue(End),
}

/// The answer to whoever waits.
type Reply = oneshot::Sender<Result<(), FileError>>;

/// One thing to make durable.
pub(crate) enum Job {
    /// Entries as JSON, in order.
    Append(Vec<Vec<u8>>, Reply),
    /// A snapshot with its JSON.
    Commit(Box<Snapshot>, Vec<u8>, Reply),
}

/// What the thread owns: the lock among it, so that the lock outlives the last write.
pub(crate) struct Writer {
    dir: PathBuf,
    /// The serial of the last snapshot; none where there is none yet.
    serial: Option<u64>,
    position: Position,
    file: Option<File>,
    /// The first failure. After it nothing is written: what the disk holds is not known any more,
    /// and an entry behind an unwritten one would be lost with it.
    stopped: Option<String>,
    /// How often the journal was synchronised.
    pub(crate) syncs: u64,
    _lock: Lock,
}

impl Writer {
    pub(crate) fn new(dir: PathBuf, serial: Option<u64>, position: Position, lock: Lock) -> Self {
        Self { dir, serial, position, file: None, stopped: None, syncs: 0, _lock: lock }
    }

    /// Serves until every sender is gone.
    pub(crate) fn serve(&mut self, jobs: &Receiver<Job>) {
        while let Ok(first) = jobs.recv() {
            let mut group = Vec::new();
            // Whatever came while the last group was being written is the next group.
            for job in std::iter::once(first).chain(jobs.try_iter()) {
                match job {
                    Job::Append(lines, reply) => group.push((lines, reply)),
                    Job::Commit(snapshot, json, reply) => {
                        self.append(std::mem::take(&mut group));
                        let done = self.guarded(|writer| writer.commit(&snapshot, &json));
                        // Who asked may have gone; what was asked is done all the same.
                        let _ = reply.send(done);
                    }
                }
            }
            self.append(group);
        }
    }

    fn append(&mut self, group: Vec<(Vec<Vec<u8>>, Reply)>) {
        if group.is_empty() {
            return;
        }
        let done = self.guarded(|writer| writer.write(group.iter().flat_map(|(lines, _)| lines)));
        let failed = done.err().map(|error| error.to_string());
        for (_, reply) in group {
            let _ = reply.send(failed.clone().map_or(Ok(()), |why| Err(FileError::Stopped(why))));
        }
    }

    fn guarded(&mut self, work: impl FnOnce(&mut Self) -> Result<(), FileError>) -> Result<(), FileError> {
        if let Some(why) = &self.stopped {
            return Err(FileError::Stopped(why.clone()));
        }
        let done = work(self);
        if let Err(error) = &done {
            self.stopped = Some(error.to_string());
        }
        done
    }

    fn write<'a>(&mut self, lines: impl Iterator<Item = &'a Vec<u8>>) -> Result<(), FileError> {
        let path = journal::path(&self.dir);
        let mut end = self.started()?;
        let mut bytes = Vec::new();
        for line in lines {
            journal::push(&mut bytes, &mut end, line);
        }
        let file = self.file()?;
        file.write_all(&bytes).and_then(|()| file.sync_data()).map_err(FileError::io("write", &path))?;
        self.syncs += 1;
        self.position = Position::Continue(end);
        Ok(())
    }

    /// The end of the journal, which is started first if it has to be.
    fn started(&mut self) -> Result<End, FileError> {
        match &self.position {
            Position::Continue(end) => Ok(*end),
            Position::Start(header) => {
                let path = journal::path(&self.dir);
                let (bytes, end) = journal::start(header, &path)?;
                disk::replace(&path, &bytes)?;
                self.file = None;
                self.position = Position::Continue(end);
                Ok(end)
            }
        }
    }

    /// The journal, opened behind its last whole line; what a crash left after it is cut off.
    fn file(&mut self) -> Result<&mut File, FileError> {
        let path = journal::path(&self.dir);
        let length = self.started()?.length;
        let file = match self.file.take() {
            Some(file) => file,
            None => OpenOptions::new()
                .write(true)
                .custom_flags(disk::no_follow())
                .open(&path)
                .and_then(|mut file| {
                    file.set_len(length)?;
                    file.seek(SeekFrom::Start(length))?;
                    Ok(file)
                })
                .map_err(FileError::io("open", &path))?,
        };
        Ok(self.file.insert(file))
    }

    fn commit(&mut self, next: &Snapshot, json: &[u8]) -> Result<(), FileError> {
        let expected = self.serial.unwrap_or(0) + 1;
        if next.serial != expected {
            return Err(FileError::foreign(
                &snapshot::path(&self.dir),
                format!("a snapshot with serial {} was to be written where {expected} follows", next.serial),
            ));
        }
        // Where a snapshot is, a journal is: so that a missing one is noticed.
        let folded = self.started()?.head;
        let sum = snapshot::write(&self.dir, json, &folded, self.serial)?;
        // From here on the snapshot holds; the journal is known to be folded, by its head.
        self.serial = Some(next.serial);
        self.position = Position::Start(Header::new(next, Some(sum)));
        self.started().map(|_| ())
    }
}

/// The thread, and the way to it.
pub(crate) struct Handle {
    jobs: Option<Sender<Job>>,
    thread: Option<JoinHandle<()>>,
}

impl Handle {
    pub(crate) fn spawn(mut writer: Writer) -> Result<Self, FileError> {
        let dir = writer.dir.clone();
        let (jobs, receiver) = channel();
        let thread = std::thread::Builder::new()
            .name("maps-store".to_owned())
            .spawn(move || writer.serve(&receiver))
            .map_err(FileError::io("start writing", &dir))?;
        Ok(Self { jobs: Some(jobs), thread: Some(thread) })
    }

    /// Hands over one job and waits until it is durable.
    pub(crate) async fn ask(&self, job: impl FnOnce(Reply) -> Job) -> Result<(), FileError> {
        let (reply, answer) = oneshot::channel();
        let gone = || FileError::Stopped("the writing thread has ended".to_owned());
        self.jobs.as_ref().and_then(|jobs| jobs.send(job(reply)).ok()).ok_or_else(gone)?;
        answer.await.unwrap_or_else(|_| Err(gone()))
    }
}

impl Drop for Handle {
    fn drop(&mut self) {
        drop(self.jobs.take());
        if let Some(thread) = self.thread.take() {
            // It releases the lock as its last act. A panic of its own was told to who waited.
            let _ = thread.join();
        }
    }
}
