//! Every call of a command on the whole stack is a place to die.
//!
//! One run is stopped at each of its calls. What then is on the disk is what SIGKILL would leave, since neither signal
//! lets a process do anything more; the cloud, a process of its own, finishes what it was asked. That is copied, the run
//! goes on to its next call, and each copy is given the command again. Where nothing was written from one call to the
//! next, both leave one state, which is recovered once.

use std::collections::{BTreeMap, HashSet};
use std::fs;
use std::hash::{DefaultHasher, Hash, Hasher as _};
use std::io::{Read as _, Seek as _, SeekFrom};
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Stdio};
use std::sync::{Mutex, PoisonError, mpsc};
use std::time::Duration;

use maps_engine::State;
use maps_store::Location;
use maps_tests::{Client, CloudServer, Finished, StackDir, copy_folder};
use rustix::process::{Pid, Signal, WaitId, WaitIdOptions, kill_process, waitid};
use serde_json::{Value, json};

use crate::lifecycle::shape;
use crate::platform::{Platform, run};

/// How many recoveries are under way at once.
const AT_ONCE: usize = 3;
/// With `MAPS_KILLS=all` each state is recovered; without, at most this many of a command's, evenly along its way. One
/// costs some 4 CPU seconds, for the rest of the run and one more, and a run has about 300.
const BY_DEFAULT: usize = 28;

/// How long a cloud may take to finish what it was asked, before it is taken for one that waits for the rest of a request.
const PATIENCE: Duration = Duration::from_secs(3);

/// What a kill leaves.
struct Left {
    /// At which call.
    call: usize,
    stack: StackDir,
}

/// Kills a command at its calls, and gives it again. `end` is what shall be there then.
#[allow(clippy::print_stderr)] // What is wrong at one call is told before the others end.
fn killed_everywhere(platform: &Platform, command: &str, end: &Value) {
    let all = std::env::var("MAPS_KILLS").is_ok_and(|kills| kills == "all");
    let mut states = Spread::of(if all { usize::MAX } else { BY_DEFAULT });
    let calls = stopped_everywhere(platform, command, |call| states.offer(|| Left { call, stack: copy(platform) }));
    assert!(
        calls > 100 && states.offered > 50,
        "{command} made {calls} calls and went through {} states",
        states.offered
    );
    let chosen = Mutex::new(states.kept.into_iter());
    let next = || chosen.lock().unwrap_or_else(PoisonError::into_inner).next();
    let work = || {
        let mut wrong = Vec::new();
        while let Some(Left { call, stack }) = next() {
            if let Err(why) = recovered(&stack, command, end) {
                eprintln!("{command} killed at call {call} of {calls}: {why}");
                wrong.push(call);
            }
        }
        wrong
    };
    let wrong: Vec<usize> = std::thread::scope(|scope| {
        let workers: Vec<_> = (0..AT_ONCE).map(|_| scope.spawn(work)).collect();
        workers.into_iter().flat_map(|worker| worker.join().unwrap()).collect()
    });
    assert!(wrong.is_empty(), "{command} is not recovered from kills at these of its {calls} calls: {wrong:?}");
}

/// Some of many, evenly along the way, without knowing how many there will be: whenever there are too many, every second
/// goes, so that copies fill no disk.
struct Spread {
    most: usize,
    stride: usize,
    offered: usize,
    kept: Vec<Left>,
}

impl Spread {
    fn of(most: usize) -> Self {
        Self { most, stride: 1, offered: 0, kept: Vec::new() }
    }

    fn offer(&mut self, left: impl FnOnce() -> Left) {
        if self.offered.is_multiple_of(self.stride) {
            self.kept.push(left());
        }
        self.offered += 1;
        if self.kept.len() > self.most {
            let mut odd = false;
            self.kept.retain(|_| {
                odd = !odd;
                odd
            });
            self.stride *= 2;
        }
    }
}

/// Stops a command at each of its calls, and tells of each state that a kill there would leave, once. How many calls
/// it made.
fn stopped_everywhere(platform: &Platform, command: &str, mut each: impl FnMut(usize)) -> usize {
    let mut child = start(platform, command);
    let pid = Pid::from_child(&child);
    let mut states = HashSet::new();
    let mut fingerprint = Fingerprint::default();
    let mut call = 0;
    loop {
        let seen = WaitIdOptions::STOPPED | WaitIdOptions::EXITED | WaitIdOptions::NOWAIT;
        if !waitid(WaitId::Pid(pid), seen).unwrap().is_some_and(|status| status.stopped()) {
            break;
        }
        call += 1;
        // A request of which half was sent when the command stopped keeps the cloud waiting for the rest: then the next
        // stop is looked at.
        if !at_rest(&platform.cloud) {
            kill_process(pid, Signal::CONT).unwrap();
            continue;
        }
        if states.insert(fingerprint.take(platform)) {
            each(call);
        }
        kill_process(pid, Signal::CONT).unwrap();
    }
    let status = child.wait().unwrap();
    assert!(status.success(), "{command}: {status}\n{}", fs::read_to_string(printed(platform)).unwrap());
    call
}

/// Has the cloud finished what it was asked? Its time moves only then; here by nothing.
fn at_rest(cloud: &CloudServer) -> bool {
    let description = cloud.description();
    let (told, heard) = mpsc::channel();
    let _ = std::thread::spawn(move || {
        let (status, _) = Client::new(&description).control("POST", "/advance", Some(&json!({"ms": 0})));
        let _ = told.send(status);
    });
    heard.recv_timeout(PATIENCE).is_ok_and(|status| status == 200)
}

fn start(platform: &Platform, command: &str) -> Child {
    let flag = platform.cloud.flag();
    let arguments = [command, "stack.yaml", &flag, "--yes", "--output", "json", "--fault", "stop-sent@1-9999"];
    let mut command = platform.stack.maps().command(arguments);
    // Into a file, since nobody reads a pipe while the command is stopped.
    command.stdout(fs::File::create(printed(platform)).unwrap()).stderr(Stdio::null());
    command.spawn().unwrap()
}

/// What the stopped command printed.
fn printed(platform: &Platform) -> PathBuf {
    platform.stack.path().join("printed.jsonl")
}

/// Where rehearsals of the stack keep what they keep.
fn rehearsals(stack: &StackDir) -> PathBuf {
    stack.path().join(".maps/rehearsal/maps")
}

/// The folder in which the stack's state is, for the one cloud that it was run against; before a run's first write
/// there is none.
fn state(stack: &StackDir) -> Option<PathBuf> {
    let served = |path: &PathBuf| path.file_name().is_some_and(|name| name.to_string_lossy().starts_with("served-"));
    let mut found = fs::read_dir(rehearsals(stack)).ok()?.flatten().map(|entry| entry.path()).filter(served);
    let state = found.next();
    assert_eq!(found.next(), None);
    state
}

/// What a recovery goes by: the state of the stack and that of the cloud. What only tells when something was, or how
/// often, is left out: moments, the clock, a cluster's events, the log of calls. A waiting run goes through these.
#[derive(Default)]
struct Fingerprint {
    /// The cloud's documents by collection and key, each as its hash.
    documents: BTreeMap<(String, String), u64>,
    /// The cloud's log by its inode, and how much of it they stand for.
    log: u64,
    read: u64,
}

impl Fingerprint {
    fn take(&mut self, platform: &Platform) -> u64 {
        let read = state(&platform.stack).map(|dir| maps_store::read(&Location::new(dir, "maps", None)).unwrap());
        let mut state = State::default();
        if let Some(read) = read {
            state = read.loaded.snapshot.state;
            state.fold(&read.loaded.entries).unwrap();
        }
        for operation in state.operations.values_mut() {
            (operation.at, operation.last_call_at) = (0, None);
            (operation.calls, operation.open_calls) = (operation.calls.min(1), operation.open_calls.min(1));
        }
        self.follow(&platform.cloud.dir().join("state.log"));
        hash(&(format!("{state:?}"), &self.documents))
    }

    /// Folds what was appended to the log since; all of it where it was written anew.
    fn follow(&mut self, log: &Path) {
        let mut file = fs::File::open(log).unwrap();
        let log = file.metadata().unwrap().ino();
        if log != self.log {
            *self = Self { log, ..Self::default() };
        }
        file.seek(SeekFrom::Start(self.read)).unwrap();
        let mut appended = Vec::new();
        file.read_to_end(&mut appended).unwrap();
        // What is not whole yet is read when it is.
        let whole = appended.iter().rposition(|byte| *byte == b'\n').map_or(0, |at| at + 1);
        self.read += whole as u64;
        for line in appended[..whole].split(|byte| *byte == b'\n') {
            // A line is a checksum and the changes of one commit; the first is a header.
            let Some(start) = line.iter().position(|byte| *byte == b'[') else { continue };
            for change in serde_json::from_slice::<Vec<Value>>(&line[start..]).unwrap() {
                let text = |name: &str| change[name].as_str().unwrap().to_owned();
                let place = (text("c"), text("k"));
                if place.0 == "cloud" || place.0.ends_with("//events") {
                    continue;
                }
                match change.get("v") {
                    Some(value) => drop(self.documents.insert(place, hash(&value.to_string()))),
                    None => drop(self.documents.remove(&place)),
                }
            }
        }
    }
}

fn hash(of: &impl Hash) -> u64 {
    let mut hasher = DefaultHasher::new();
    of.hash(&mut hasher);
    hasher.finish()
}

/// The stack with its state and the cloud, laid out as for a rehearsal whose cloud is in its own process: that spares
/// each recovery the start of another one.
fn copy(platform: &Platform) -> StackDir {
    let stack = StackDir::copy_of("maps");
    let rehearsals_of_copy = rehearsals(&stack);
    fs::create_dir_all(rehearsals_of_copy.join("cloud")).unwrap();
    copy_folder(platform.cloud.dir(), &rehearsals_of_copy.join("cloud")).unwrap();
    if state(&platform.stack).is_some() {
        copy_folder(&rehearsals(&platform.stack), &rehearsals_of_copy).unwrap();
    }
    if let Some(state) = state(&stack) {
        fs::rename(state, rehearsals_of_copy.join("state")).unwrap();
    }
    stack
}

/// Gives the command again, twice: the first ends as if nobody had disturbed, and the second has nothing to do.
fn recovered(stack: &StackDir, command: &str, end: &Value) -> Result<(), String> {
    let cloud = rehearsals(stack).join("cloud");
    let again = || stack.maps().run([command, "stack.yaml", "--rehearse", "--yes", "--output", "json"]);
    let said = |what: &str, finished: &Finished| format!("{what}: {}\n{}", finished.stdout, finished.stderr);
    let first = again();
    if first.code != Some(0) || first.summary()["failed"] != 0 {
        return Err(said("it is not recovered", &first));
    }
    let there = shape(&maps_rehearsal::inventory(&cloud).map_err(|error| error.to_string())?);
    if there != *end {
        return Err(said("the inventory differs", &first) + &format!("\n{there}\ninstead of\n{end}"));
    }
    let second = again();
    if second.code != Some(0) || second.changes() != [0; 4] || second.summary()["calls"]["write"] != 0 {
        return Err(said("a further run is not without changes", &second));
    }
    Ok(())
}

#[test]
fn a_run_killed_at_any_call_is_recovered_as_undisturbed() {
    let end = shape(&Platform::up().cloud.inventory());
    killed_everywhere(&Platform::fresh(), "run", &end);
}

#[test]
fn a_destroy_killed_at_any_call_is_recovered_as_undisturbed() {
    let end = shape(&run().before);
    killed_everywhere(&Platform::up(), "destroy", &end);
}
