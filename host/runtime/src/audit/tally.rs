//! What a log says was done: how often each rule was used, and what was denied.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::path::Path;

use maps_engine::PluginName;
use maps_engine::name::RuleId;
use serde::{Deserialize, Serialize};

use super::verify::{VerifyError, Walked, walk};

/// How many denials of one rule are told in full: the last ones.
const DENIALS: usize = 3;

/// What one plugin did through one rule, or through an interface without one.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Way {
    /// The plugin's name in the stack.
    pub plugin: PluginName,
    /// `http-write`.
    pub interface: String,
    /// The rule that allowed it, or that came nearest.
    pub rule: Option<RuleId>,
}

/// How often, and with what outcome.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Use {
    /// Calls that left.
    pub used: u64,
    /// Those among them of which no answer is recorded: a run ended before it came.
    pub unanswered: u64,
    /// Calls that the host refused.
    pub denied: u64,
    /// The last of those.
    pub denials: VecDeque<Denied>,
    /// When it was used last.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub last: Option<String>,
}

/// One refusal.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Denied {
    /// When.
    pub time: String,
    /// Stable, in kebab-case.
    pub code: String,
    /// The export that was running.
    pub operation: String,
    /// What was asked for, redacted.
    pub summary: String,
}

/// A whole log, counted.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Tally {
    /// By plugin, interface and rule.
    pub ways: BTreeMap<Way, Use>,
    /// How often a plugin's guest was stopped: a trap, a limit, a broken contract.
    pub stopped: BTreeMap<PluginName, u64>,
    /// How many runs the log tells of.
    pub runs: usize,
    /// The log itself, or the first line that is wrong with it; what stands before that is counted.
    pub log: Option<Result<Walked, VerifyError>>,
}

/// One line, as far as it is counted.
#[derive(Deserialize)]
struct Line {
    #[serde(default)]
    run: String,
    plugin: Option<String>,
    #[serde(default)]
    interface: String,
    #[serde(default)]
    operation: String,
    rule: Option<RuleId>,
    call: Option<u64>,
    #[serde(default)]
    summary: String,
    #[serde(default)]
    outcome: String,
    #[serde(default)]
    code: String,
    #[serde(default)]
    time: String,
}

/// Counts a log; one that is not there is empty. `anchor` is the head that state was saved with.
pub fn tally(path: &Path, anchor: Option<&str>) -> Tally {
    let mut tally = Tally::default();
    let mut runs = BTreeSet::new();
    // The calls that were announced and not answered yet, by run and number.
    let mut open: BTreeMap<(String, u64), Way> = BTreeMap::new();
    let log = walk(path, anchor, |line| {
        // A line that says how another one was torn, or that a log was restarted, is nobody's call.
        let Ok(line) = serde_json::from_str::<Line>(line) else { return };
        let Some(plugin) = line.plugin.map(PluginName::new) else { return };
        if !runs.contains(&line.run) {
            runs.insert(line.run.clone());
        }
        if line.interface == "provider" {
            *tally.stopped.entry(plugin).or_default() += 1;
            return;
        }
        let way = Way { plugin, interface: line.interface, rule: line.rule };
        let found = tally.ways.entry(way.clone()).or_default();
        let call = line.call.map(|call| (line.run, call));
        let announced = call.as_ref().is_some_and(|call| open.remove(call).is_some());
        match line.outcome.as_str() {
            "denied" => {
                found.denied += 1;
                if found.denials.len() == DENIALS {
                    found.denials.pop_front();
                }
                let (code, operation, summary) = (line.code, line.operation, line.summary);
                found.denials.push_back(Denied { time: line.time, code, operation, summary });
                return;
            }
            "sent" if call.is_some() => {
                found.used += 1;
                open.extend(call.map(|call| (call, way)));
            }
            _ if announced => {}
            _ => found.used += 1,
        }
        found.last = Some(line.time);
    });
    for way in open.into_values() {
        tally.ways.entry(way).or_default().unanswered += 1;
    }
    tally.runs = runs.len();
    tally.log = Some(log);
    tally
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used)]
    use super::super::tests::record;
    use super::super::{Audit, Outcome, Record};
    use super::*;

    #[tokio::test]
    async fn each_call_counts_once_and_denials_are_told() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("audit.jsonl");
        let audit = Audit::at(&path);
        let call = |number, outcome| Record {
            call: number,
            rule: Some(RuleId::new("make")),
            ..record("POST https://h.example/x", outcome)
        };
        let answered = || Outcome::Answered { status: Some(200) };
        audit.durable(&call(Some(1), Outcome::Sent)).await.unwrap();
        audit.note(&call(Some(1), answered()));
        // A read is told once, when it has ended.
        audit.note(&call(Some(2), answered()));
        // The process was killed before the answer came, and another one used the same number.
        audit.durable(&call(Some(3), Outcome::Sent)).await.unwrap();
        audit.note(&Record { run: "r2".to_owned(), ..call(Some(3), answered()) });
        for _ in 0..5 {
            audit.note(&Record { call: None, ..call(None, Outcome::Denied { code: "http-binding".to_owned() }) });
        }
        audit.note(&Record {
            interface: "provider",
            ..record("it looped", Outcome::Failed { code: "limit".to_owned() })
        });
        audit.flush().await.unwrap();
        let tally = tally(&path, None);
        let way = Way {
            plugin: PluginName::new("doks"),
            interface: "http-write".to_owned(),
            rule: Some(RuleId::new("make")),
        };
        let found = &tally.ways[&way];
        assert_eq!((found.used, found.unanswered, found.denied, found.denials.len()), (4, 1, 5, DENIALS));
        assert_eq!(found.denials[0].code, "http-binding");
        assert_eq!((tally.runs, tally.stopped[&PluginName::new("doks")]), (2, 1));
        assert_eq!(tally.ways.len(), 1);
    }

    #[tokio::test]
    async fn a_damaged_log_is_counted_up_to_the_damage() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("audit.jsonl");
        assert_eq!(tally(&path, None).log.unwrap().unwrap().lines, 0);
        let audit = Audit::at(&path);
        audit.durable(&record("one", Outcome::Sent)).await.unwrap();
        audit.durable(&record("two", Outcome::Sent)).await.unwrap();
        let text = std::fs::read_to_string(&path).unwrap();
        std::fs::write(&path, text.replace("two", "owt")).unwrap();
        let tally = tally(&path, None);
        assert_eq!(tally.log, Some(Err(VerifyError::Changed { line: 2 })));
        assert_eq!(tally.ways.len(), 1);
    }
}
