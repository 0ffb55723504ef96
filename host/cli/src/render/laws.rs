//! What came of trying laws on a plugin, for people and for programs.

use maps_conformance::{Law, Verdict};
use serde_json::{Value as Json, json};

use super::style::{BAD, CHANGE, DIM, GOOD, STRONG, paint};
use super::text::Text;

/// One law on one kind.
#[derive(Debug)]
pub(crate) struct LawRow<'a> {
    kind: Text,
    law: &'a Law,
    word: &'static str,
    why: Option<Text>,
}

impl<'a> LawRow<'a> {
    /// Draws it up.
    pub(crate) fn of(kind: &str, law: &'a Law, verdict: &Verdict) -> Self {
        let unseen = "as far as can be seen where nobody tells what exists";
        let (word, why) = match verdict {
            Verdict::Kept => ("kept", None),
            Verdict::KeptUnseen => ("kept", Some(unseen)),
            Verdict::Broken(what) => ("broken", Some(what.as_str())),
            Verdict::Skipped(why) => ("skipped", Some(why.as_str())),
            Verdict::Untried(why) => ("untried", Some(why.as_str())),
        };
        Self { kind: Text::line(kind), law, word, why: why.map(Text::line) }
    }

    /// For people: one line.
    pub(crate) fn line(&self) -> String {
        let (style, sign) = match self.word {
            "kept" => (GOOD, "✓"),
            "skipped" => (CHANGE, "·"),
            _ => (BAD, "✗"),
        };
        let law = self.law.name.replace('_', " ");
        let word = if self.word == "kept" { String::new() } else { format!(": {}", self.word) };
        let why = self.why.as_ref().map(|why| paint(DIM, format!(" ({why})"))).unwrap_or_default();
        format!("{} {} {law}{word}{why}\n", paint(style, sign), paint(STRONG, &self.kind))
    }

    /// For programs.
    pub(crate) fn event(&self) -> Json {
        json!({
            "event": "law",
            "kind": self.kind,
            "law": self.law.name,
            "says": self.law.says,
            "verdict": self.word,
            "why": self.why,
        })
    }
}

/// How many laws were what.
#[derive(Debug, Default)]
pub(crate) struct Tally {
    kept: usize,
    broken: usize,
    skipped: usize,
    untried: usize,
}

impl Tally {
    /// Counts one.
    pub(crate) fn count(&mut self, verdict: &Verdict) {
        let counter = match verdict {
            Verdict::Kept | Verdict::KeptUnseen => &mut self.kept,
            Verdict::Broken(_) => &mut self.broken,
            Verdict::Skipped(_) => &mut self.skipped,
            Verdict::Untried(_) => &mut self.untried,
        };
        *counter += 1;
    }

    /// Is nothing broken, and was something tried?
    pub(crate) fn is_good(&self) -> bool {
        self.kept > 0 && self.broken == 0 && self.untried == 0
    }

    /// For people.
    pub(crate) fn line(&self) -> String {
        let parts = [(self.broken, "broken"), (self.untried, "untried"), (self.skipped, "skipped")];
        let parts = parts.iter().filter(|(number, _)| *number > 0).map(|(number, word)| format!(", {number} {word}"));
        format!("{} kept{}\n", self.kept, parts.collect::<String>())
    }

    /// For programs.
    pub(crate) fn event(&self) -> Json {
        json!({
            "event": "laws",
            "kept": self.kept,
            "broken": self.broken,
            "skipped": self.skipped,
            "untried": self.untried,
        })
    }
}
