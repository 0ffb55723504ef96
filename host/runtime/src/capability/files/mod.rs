//! `files`: what lies in the stack's folder, to be read.
//!
//! For each path: held to what a path may be → decided on, by the rules' patterns → opened below the folder,
//! whatever links say → where a link led elsewhere, decided on again by the place that it led to → the audit
//! line. A file with a second name may be another place's, and is refused.

mod beneath;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Instant;

use maps_engine::capability::{
    Decision, Effective, Facts, Family, FilesFacts, Half, Interface, Name, Shape, decide, path_fault,
};
use maps_engine::name::RuleId;
use maps_engine::{Class, Problem};
use tokio::runtime::{Handle, RuntimeFlavor};

use self::beneath::{ENTRIES, Fault, Root};
use super::outgoing::{Line, Refused};
use crate::audit::Outcome;
use crate::bindings::maps::platform::{files_read, types};
use crate::capability::refused::refuse;
use crate::guest::Guest;
use crate::limits::{Exceeded, LIST_ITEMS};
use crate::printable::printable;
use crate::scope::CallScope;

/// Bytes that one call may bring: a chart's folder is read in a few, and a guest holds no more.
const CALL_BYTES: usize = 64 << 20;
/// Calls that one guest call may make: a batch of a hundred charts, of some calls each.
const CALLS: u32 = 2_000;
/// Bytes of a path in the log.
const SHOWN_BYTES: usize = 256;
/// Bytes of all the paths in one line of the log.
const SUMMARY_BYTES: usize = 4 << 10;

impl files_read::Host for Guest {
    async fn list(&mut self, patterns: Vec<String>) -> wasmtime::Result<Vec<Result<Vec<String>, types::Problem>>> {
        self.serve(patterns, list).await
    }

    async fn read(&mut self, paths: Vec<String>) -> wasmtime::Result<Vec<Result<Vec<u8>, types::Problem>>> {
        self.serve(paths, read).await
    }
}

/// What a call came to, and what it brought in bytes.
type Served<T> = Result<(T, usize), Problem>;

impl Guest {
    /// Decides on each item, has the allowed ones looked up on a thread that may wait, and records all of it.
    async fn serve<T: Send + 'static>(
        &self,
        asked: Vec<String>,
        look: fn(&Effective, &Root, &str, usize) -> Served<T>,
    ) -> wasmtime::Result<Vec<Result<T, types::Problem>>> {
        if asked.len() > LIST_ITEMS {
            return Err(Exceeded::List(LIST_ITEMS).into());
        }
        let interface = Interface::Ruled(Family::Files, Half::Read);
        let (Some(scope), Some(folder)) = (self.scope.clone(), self.folder.clone()) else {
            return Ok(refuse(self.scope.as_deref(), interface.name(), asked.len(), &self.not_granted(interface)));
        };
        let reads = std::any::TypeId::of::<T>() == std::any::TypeId::of::<Vec<u8>>();
        let began = Instant::now();
        let line = Line { scope: &scope, interface: interface.name() };
        let made = scope.calls.fetch_add(1, Ordering::Relaxed);
        if made >= CALLS {
            let message = format!("the guest made more than {CALLS} outside calls in one call");
            let problem = Problem::new(Class::Denied, "too-many-calls", message);
            return Ok(refuse(Some(&scope), interface.name(), asked.len(), &problem));
        }
        let admitted: Vec<Result<RuleId, Refused>> =
            asked.iter().map(|path| admit(&self.effective, &scope, path, reads)).collect();
        let (effective, wanted): (Arc<Effective>, Vec<Option<String>>) = (
            Arc::clone(&self.effective),
            asked.iter().zip(&admitted).map(|(path, rule)| rule.is_ok().then(|| path.clone())).collect(),
        );
        let looked = waiting(move || look_up(&effective, &folder, &wanted, look)).await;
        let looked = looked.unwrap_or_else(|| (0..asked.len()).map(|_| None).collect());
        let mut tally = Tally::default();
        let mut answers = Vec::with_capacity(asked.len());
        for ((path, admitted), looked) in asked.iter().zip(admitted).zip(looked) {
            let shown = || format!("{} {}", if reads { "read" } else { "list" }, printable(path, SHOWN_BYTES));
            let refused = match (admitted, looked) {
                (Ok(rule), Some(Ok((answer, bytes)))) => {
                    tally.add(rule, path, bytes);
                    answers.push(Ok(answer));
                    continue;
                }
                (Ok(rule), Some(Err(problem))) => Refused { problem: problem.into(), summary: None, rule: Some(rule) },
                (Ok(rule), None) => {
                    let problem = Problem::new(Class::Internal, "files-internal", "the file could not be looked up");
                    Refused { problem: problem.into(), summary: None, rule: Some(rule) }
                }
                (Err(refused), _) => refused,
            };
            answers.push(Err(line.refuse(refused, shown).into()));
        }
        tally.record(&line, if reads { "read" } else { "list" }, began);
        Ok(answers)
    }
}

/// Does what waits for a disk: on a thread of its own, lest others wait with it, or right here where there are no others.
/// `None` if it panicked.
async fn waiting<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> Option<T> {
    match Handle::current().runtime_flavor() {
        RuntimeFlavor::CurrentThread => Some(work()),
        _ => tokio::task::spawn_blocking(work).await.ok(),
    }
}

/// What was done by each rule, as one line of the log each.
#[derive(Default)]
struct Tally(BTreeMap<RuleId, (usize, usize, String)>);

impl Tally {
    fn add(&mut self, rule: RuleId, path: &str, bytes: usize) {
        let (count, all, told) = self.0.entry(rule).or_default();
        *count += 1;
        *all = all.saturating_add(bytes);
        if told.len() < SUMMARY_BYTES {
            told.push_str(if told.is_empty() { " " } else { ", " });
            told.push_str(&printable(path, SHOWN_BYTES));
            if told.len() >= SUMMARY_BYTES {
                told.push_str(", …");
            }
        }
    }

    fn record(self, line: &Line<'_>, verb: &str, began: Instant) {
        let steps: Vec<_> = (0..line.scope.steps.len()).collect();
        for (rule, (count, bytes, told)) in self.0 {
            let things = if verb == "list" { "patterns, files" } else { "files, bytes" };
            let summary = format!("{verb}{told} ({count} {things}: {bytes})");
            let mut record = line.record(&summary, &steps, Some(rule), Outcome::Answered { status: None });
            record.duration_ms = Some(u64::try_from(began.elapsed().as_millis()).unwrap_or(u64::MAX));
            line.scope.audit.note(&record);
        }
    }
}

/// May it be asked for?
fn admit(effective: &Effective, scope: &CallScope, path: &str, reads: bool) -> Result<RuleId, Refused> {
    let refused = |problem: Problem| Refused { problem: problem.into(), summary: None, rule: None };
    if let Some(fault) = path_fault(path) {
        let message = format!("`{}` is no path below the stack's folder: it {fault}", printable(path, SHOWN_BYTES));
        let help = "paths are relative to the stack's folder, with `/` between their parts";
        return Err(refused(Problem::new(Class::Denied, "files-path", message).help(help)));
    }
    let facts = Facts::Files(if reads { FilesFacts::Read(path) } else { FilesFacts::List(path) });
    match decide(effective, &facts, &scope.steps) {
        Decision::Allow { rule: Some(rule), .. } => Ok(rule.id.clone()),
        Decision::Allow { rule: None, .. } => {
            Err(refused(Problem::new(Class::Internal, "files-internal", "no rule allows this")))
        }
        Decision::Deny(denial) => {
            let rule = denial.rule.clone();
            Err(Refused { problem: Problem::from(denial).into(), summary: None, rule })
        }
    }
}

fn look_up<T>(
    effective: &Effective,
    folder: &Path,
    wanted: &[Option<String>],
    look: fn(&Effective, &Root, &str, usize) -> Served<T>,
) -> Vec<Option<Served<T>>> {
    let root = match Root::open(folder) {
        Ok(root) => root,
        Err(fault) => return wanted.iter().map(|path| path.as_ref().map(|_| Err(problem(&fault, ".")))).collect(),
    };
    let mut used = 0_usize;
    let each = wanted.iter().map(|path| {
        let path = path.as_ref()?;
        let served = look(effective, &root, path, CALL_BYTES.saturating_sub(used));
        used = used.saturating_add(served.as_ref().map_or(0, |(_, bytes)| *bytes));
        Some(served)
    });
    each.collect()
}

fn read(effective: &Effective, root: &Root, path: &str, left: usize) -> Served<Vec<u8>> {
    let (content, real) = root.read(path).map_err(|fault| problem(&fault, path))?;
    if real != path && !effective.reads_file(&real) {
        let message = format!("`{}` is a link to a file that no rule allows", printable(path, SHOWN_BYTES));
        return Err(Problem::new(Class::Denied, "files-link", message).help("allow the file that it leads to as well"));
    }
    let bytes = content.len();
    if bytes > left {
        let message = format!("the files of one call have more than {} MiB", CALL_BYTES >> 20);
        return Err(Problem::new(Class::Denied, "files-size", message).help("ask for fewer at once"));
    }
    Ok((content, bytes))
}

fn list(effective: &Effective, root: &Root, pattern: &str, _: usize) -> Served<Vec<String>> {
    let wrong = |why: String| Problem::new(Class::Invalid, "files-pattern", format!("it is no pattern: {why}"));
    let name = Name::parse(pattern, Shape::Path).map_err(wrong)?;
    // Everything before the part with the first star is looked up, the rest compared.
    let fixed: Vec<_> = pattern.split('/').take_while(|part| !part.contains('*')).collect();
    let mut left = ENTRIES;
    let found = root.list(&fixed.join("/"), &mut left).map_err(|fault| problem(&fault, pattern))?;
    let paths: Vec<String> = found
        .into_iter()
        .filter(|(named, real)| {
            name.allows(named) && effective.reads_file(named) && (named == real || effective.reads_file(real))
        })
        .map(|(named, _)| named)
        .collect();
    let count = paths.len();
    Ok((paths, count))
}

fn problem(fault: &Fault, path: &str) -> Problem {
    let path = printable(path, SHOWN_BYTES);
    let denied = |code, message: String| Problem::new(Class::Denied, code, message);
    match fault {
        Fault::NotFound => Problem::new(Class::NotFound, "no-such-file", format!("there is no file `{path}`")),
        Fault::NoFile => Problem::new(Class::Invalid, "no-file", format!("`{path}` is no file")),
        Fault::Outside => denied("files-outside", format!("`{path}` leads out of the stack's folder"))
            .help("a link is followed only to what lies below the folder: copy the file there"),
        Fault::Loop => denied("files-loop", format!("the links of `{path}` lead nowhere")),
        Fault::HardLink => {
            denied("files-hard-link", format!("`{path}` has another name, which may lie outside of the stack's folder"))
                .help("copy the file: a hard link cannot be told from what it was linked to")
        }
        Fault::Size(most) => denied("files-size", format!("`{path}` is larger than {} MiB", most >> 20)),
        Fault::Many => denied("files-many", format!("there is too much to look at below `{path}`"))
            .help("name a folder with less in it"),
        Fault::System(why) => Problem::new(Class::Unavailable, "files-system", format!("`{path}`: {why}")),
    }
}

/// A plugin's folder, where it has rules of `files`.
pub(crate) fn folder_of(effective: &Effective, folder: Option<PathBuf>) -> Option<Arc<Path>> {
    folder.filter(|_| effective.opens(Family::Files, Half::Read)).map(Arc::from)
}
