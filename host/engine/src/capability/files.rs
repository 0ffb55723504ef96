//! Rules of `files`: which files of the stack's folder a plugin may read, and deciding on a call.
//!
//! Paths are relative to the folder, with `/` between their parts. There is no write half.

use std::fmt;

use serde::Serialize;
use serde_json::{Map, Value as Json, json};

use super::StepScope;
use super::allowance::Changes;
use super::decide::{Decision, Denial, not_granted};
use super::grant::Effective;
use super::interface::Family;
use super::names::{Names, Shape};
use super::read::{Reader, under};
use super::rule::{Effect, Rule, Scope};

/// Where maps keeps state and its key: no rule reaches in there.
const NEVER: &str = ".maps";

/// What a rule allows: the part that a grant can narrow.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct FilesScope {
    /// Paths below the stack's folder: `charts/**`.
    pub patterns: Names,
}

impl FilesScope {
    /// The keys that a rule may have for its scope.
    pub(super) const KEYS: [&'static str; 1] = ["patterns"];

    /// What both allow.
    #[must_use]
    pub fn meet(&self, other: &Self) -> Self {
        Self { patterns: self.patterns.meet(&other.patterns) }
    }

    /// `files charts/**`.
    pub(super) fn outline(&self) -> String {
        format!("files {}", self.patterns)
    }

    /// The fields that differ from another one's, as a grant has them.
    pub(super) fn beside(&self, other: &Self) -> Vec<(&'static str, Json)> {
        if self == other { Vec::new() } else { self.fields() }
    }

    /// All that it says.
    pub(super) fn fields(&self) -> Vec<(&'static str, Json)> {
        vec![("patterns", json!(self.patterns))]
    }

    /// What differs from what was approved.
    pub(super) fn changes(&self, then: &Self, changes: &mut Changes) {
        if self.patterns != then.patterns {
            let message = format!("reads files {} instead of {}", self.patterns, then.patterns);
            changes.add(!self.patterns.subset_of(&then.patterns), "patterns", message);
        }
    }

    /// A scope that stands for itself, as a rule's does.
    pub(super) fn read(
        reader: &mut Reader,
        path: &str,
        fields: &Map<String, Json>,
        effect: Option<Effect>,
    ) -> Option<Self> {
        if effect == Some(Effect::Write) {
            let help = "say `effect: read`: files of the stack's folder are never written";
            reader.fault_with_help(&under(path, "effect"), "`files` has no write half", help);
        }
        let Some(patterns) = fields.get("patterns") else {
            reader.missing(path, "patterns", Some("paths below the stack's folder: `[\"charts/**\"]`"));
            return None;
        };
        Some(Self { patterns: read_patterns(reader, &under(path, "patterns"), patterns)? })
    }

    /// What a grant leaves of it, and what it says that is not declared.
    pub(super) fn narrowed(
        &self,
        reader: &mut Reader,
        path: &str,
        fields: &Map<String, Json>,
    ) -> (Option<Self>, Vec<(&'static str, String)>) {
        let Some(json) = fields.get("patterns") else { return (Some(self.clone()), Vec::new()) };
        let Some(patterns) = read_patterns(reader, &under(path, "patterns"), json) else { return (None, Vec::new()) };
        let beyond = self.patterns.subset_of(&patterns) && self.patterns != patterns;
        let surplus = || patterns.patterns().map(|pattern| format!("`{pattern}`")).collect::<Vec<_>>().join(", ");
        let surplus = if beyond { vec![("patterns", surplus())] } else { Vec::new() };
        (Some(self.meet(&Self { patterns })), surplus)
    }
}

/// Patterns that name paths as calls do: otherwise they would allow nothing, and nobody would see why.
fn read_patterns(reader: &mut Reader, path: &str, json: &Json) -> Option<Names> {
    let patterns = Names::read(reader, path, json, Shape::Path)?;
    for pattern in patterns.patterns() {
        if let Some(fault) = path_fault(&pattern.to_string()) {
            let help = "paths are relative to the stack's folder: `charts/**`";
            reader.fault_with_help(path, format!("`{pattern}` {fault}"), help);
        }
    }
    Some(patterns)
}

/// What is wrong with a text that should be a path below a folder, or a pattern of such.
pub fn path_fault(path: &str) -> Option<&'static str> {
    let part = |part: &str| match part {
        "" => Some("has an empty part: neither `//` nor a slash at the end names a file"),
        "." | ".." => Some("has the part `.` or `..`"),
        _ => None,
    };
    match path {
        "" => Some("is empty"),
        path if path.starts_with('/') => Some("is absolute"),
        path if path.contains(['\\', '\0']) => Some("has a character that no path has here"),
        path => path.split('/').find_map(part),
    }
}

/// One call, its path already found to be one.
#[derive(Clone, Copy, Debug)]
pub enum FilesFacts<'a> {
    /// Of a file's content.
    Read(&'a str),
    /// Of the paths that a pattern has.
    List(&'a str),
}

impl fmt::Display for FilesFacts<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Read(path) => write!(f, "read {path}"),
            Self::List(pattern) => write!(f, "list {pattern}"),
        }
    }
}

pub(super) fn decide_files<'a>(
    effective: &'a Effective,
    facts: FilesFacts<'_>,
    scopes: &[StepScope],
) -> Result<Decision<'a>, Denial> {
    let (FilesFacts::Read(path) | FilesFacts::List(path)) = facts;
    // Some file systems do not tell upper from lower case.
    if path.split('/').any(|part| part.eq_ignore_ascii_case(NEVER)) {
        return Err(Denial {
            code: "files-never",
            message: format!("{facts} is what no plugin may ever do: `{NEVER}` holds state and its key"),
            help: "name files beside it".to_owned(),
            rule: None,
        });
    }
    if let Some(rule) = effective.rules_of(Family::Files).find(|rule| allows(rule, facts)) {
        return Ok(Decision::Allow { rule: Some(rule), steps: (0..scopes.len()).collect() });
    }
    let mut declared = effective.declared_rules.iter();
    if let Some(rule) = declared.find(|rule| allows(rule, facts)) {
        return Err(not_granted(effective, rule, &facts.to_string()));
    }
    Err(Denial {
        code: "files-no-rule",
        message: format!("no rule allows {facts}"),
        help: format!(
            "to declare it, add to `capabilities:` of plugin.yaml:\nfiles:\n  - {{id: …, effect: read, patterns: [\"{path}\"], reason: …}}"
        ),
        rule: None,
    })
}

fn allows(rule: &Rule, facts: FilesFacts<'_>) -> bool {
    let Scope::Files(scope) = &rule.scope else { return false };
    match facts {
        FilesFacts::Read(path) => scope.patterns.allow(path),
        FilesFacts::List(pattern) => scope.patterns.allow_every(pattern),
    }
}

impl Effective {
    /// May this file be read? For what a list finds, where a refusal is no call's.
    pub fn reads_file(&self, path: &str) -> bool {
        matches!(decide_files(self, FilesFacts::Read(path), &[]), Ok(Decision::Allow { .. }))
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::super::{Facts, Manifest, decide};
    use super::*;

    fn effective(grant: Option<&Json>) -> Effective {
        let manifest = json!({
            "maps": "v1", "plugin": "p", "version": "1", "description": "d", "capabilities": {"files": [
                {"id": "charts", "effect": "read", "patterns": ["charts/**", "*.yaml"], "reason": "r"},
            ]},
        });
        Effective::meet(&Manifest::parse(&manifest).unwrap(), grant).unwrap()
    }

    fn code(effective: &Effective, facts: FilesFacts<'_>) -> &'static str {
        match decide(effective, &Facts::Files(facts), &[]) {
            Decision::Allow { rule, .. } => rule.map_or("no rule", |_| "allowed"),
            Decision::Deny(denial) => denial.code,
        }
    }

    #[test]
    fn rt36_a_path_is_allowed_by_a_pattern_and_state_by_none() {
        let all = effective(None);
        for (path, said) in [
            ("charts/web/Chart.yaml", "allowed"),
            ("values.yaml", "allowed"),
            ("deep/values.yaml", "files-no-rule"),
            ("charts", "files-no-rule"),
            ("charts/.maps/key", "files-never"),
            ("charts/.Maps/key", "files-never"),
        ] {
            assert_eq!(code(&all, FilesFacts::Read(path)), said, "{path}");
        }
        for (pattern, said) in [
            ("charts/web/**", "allowed"),
            ("charts/**", "allowed"),
            ("**", "files-no-rule"),
            ("*/Chart.yaml", "files-no-rule"),
            (".maps/**", "files-never"),
        ] {
            assert_eq!(code(&all, FilesFacts::List(pattern)), said, "{pattern}");
        }
    }

    #[test]
    fn rt20_a_grant_of_files_only_narrows() {
        let grant = |patterns: Json| json!({"files": [{"id": "charts", "patterns": patterns}]});
        let narrow = effective(Some(&grant(json!(["charts/web/**"]))));
        assert_eq!(code(&narrow, FilesFacts::Read("charts/web/a")), "allowed");
        assert_eq!(code(&narrow, FilesFacts::Read("charts/db/a")), "files-not-granted");
        assert_eq!(code(&narrow, FilesFacts::Read("other/a")), "files-no-rule");
        // One that crosses what is declared leaves what both have.
        let crossing = effective(Some(&grant(json!(["**/a"]))));
        assert_eq!(code(&crossing, FilesFacts::Read("charts/web/a")), "allowed");
        assert_eq!(code(&crossing, FilesFacts::Read("other/a")), "files-no-rule");
        assert!(!effective(Some(&grant(json!(["**"])))).surplus.is_empty());
        assert_eq!(code(&effective(Some(&json!({}))), FilesFacts::Read("values.yaml")), "files-not-granted");
    }

    #[test]
    fn rt36_what_is_no_path_is_told() {
        for path in ["", "/a", "a/", "a//b", "a/../b", "./a", "..", "a\\b", "a\0b"] {
            assert!(path_fault(path).is_some(), "{path:?}");
        }
        for path in ["a", "a/b.c", "..a", "a/...", "**"] {
            assert_eq!(path_fault(path), None, "{path:?}");
        }
    }
}
