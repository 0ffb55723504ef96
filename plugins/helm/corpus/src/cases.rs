//! Calls of `helm template`, as `cases.json` lists them.

use std::path::Path;

use serde::Deserialize;

use crate::{Trial, arguments, difference, read, read_json};

/// A call, with what came of it.
#[derive(Clone, Deserialize)]
struct Case {
    case: String,
    /// What follows `helm`; paths are from the folder.
    args: Vec<String>,
    exit: i32,
    /// Whether the real Helm prints the same each time.
    deterministic: bool,
    /// The file with standard output.
    expected: Option<String>,
    /// Standard error, where it failed.
    error: Option<String>,
}

pub(crate) fn trials(folder: &Path) -> Result<Vec<Trial>, String> {
    let cases: Vec<Case> = read_json(&folder.join("cases.json"))?.unwrap_or_default();
    let trial = |case: Case| {
        let folder = folder.to_owned();
        Trial::new(format!("case {}", case.case), move || case.compare(&folder))
    };
    Ok(cases.into_iter().map(trial).collect())
}

impl Case {
    fn compare(&self, folder: &Path) -> Result<(), String> {
        let called = arguments::call(folder, &self.args)?;
        if called.exit != self.exit {
            let error = called.error.trim_end();
            return Err(format!("  exit {} was expected, and not {}: {error}", self.exit, called.exit));
        }
        if let Some(error) = &self.error {
            difference(error.trim_end().as_bytes(), called.error.trim_end().as_bytes())?;
        }
        let Some(expected) = &self.expected else {
            return Ok(());
        };
        let expected = read(&folder.join(expected))?;
        if self.deterministic {
            difference(&expected, &called.output)
        } else {
            difference(outline(&expected).as_bytes(), outline(&called.output).as_bytes())
        }
    }
}

/// What does not depend on chance: which documents there are, from where, of which kind.
fn outline(output: &[u8]) -> String {
    let text = String::from_utf8_lossy(output);
    let marks = ["---", "# Source: ", "apiVersion: ", "kind: ", "  name: "];
    let lines = text.lines().filter(|line| marks.iter().any(|mark| line.starts_with(mark)));
    lines.map(|line| format!("{line}\n")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_outline_has_kinds_and_names_and_no_secrets() {
        let output = "---\n# Source: c/templates/s.yaml\napiVersion: v1\nkind: Secret\nmetadata:\n  name: a\ndata:\n  k: cmFuZG9t\n";
        let outline = outline(output.as_bytes());
        assert_eq!(outline, "---\n# Source: c/templates/s.yaml\napiVersion: v1\nkind: Secret\n  name: a\n");
    }
}
