//! What changes between two components of a plugin.

use maps_engine::capability::{Allowance, Change, Interface};
use maps_runtime::inspect::Inspection;
use serde_json::{Value as Json, json};

use super::style::{BAD, DIM, GOOD, STRONG, paint};
use super::text::Text;

/// What two inspections differ in, as rows.
pub(crate) struct DifferenceView {
    old: Json,
    new: Json,
    title: String,
    imports: Vec<(bool, Interface)>,
    changes: Vec<Change>,
}

impl DifferenceView {
    /// Draws up the rows.
    pub(crate) fn of(old: &Inspection, new: &Inspection) -> Self {
        let side = |inspection: &Inspection| {
            json!({
                "plugin": inspection.manifest.plugin, "version": inspection.manifest.version,
                "digest": inspection.digest,
            })
        };
        let added = new.imports.difference(&old.imports).map(|interface| (true, *interface));
        let gone = old.imports.difference(&new.imports).map(|interface| (false, *interface));
        let named = |inspection: &Inspection| {
            format!("{} {}", inspection.manifest.plugin, Text::name(&inspection.manifest.version))
        };
        Self {
            old: side(old),
            new: side(new),
            title: format!("{} {} {}", named(old), paint(DIM, "→"), paint(STRONG, named(new))),
            imports: added.chain(gone).collect(),
            changes: Allowance::declared(&new.manifest).changes(&Allowance::declared(&old.manifest)),
        }
    }

    /// May the new one do more, or import more?
    pub(crate) fn is_wider(&self) -> bool {
        self.changes.iter().any(|change| change.widened) || self.imports.iter().any(|(added, _)| *added)
    }

    /// For people.
    pub(crate) fn page(&self) -> String {
        let mut page = format!("{}\n\n", self.title);
        let sign = |more: bool| if more { paint(BAD.bold(), "+") } else { paint(GOOD, "-") };
        for (added, interface) in &self.imports {
            let verb = if *added { "imports" } else { "no longer imports" };
            page.push_str(&format!("  {} {verb} `{interface}`\n", sign(*added)));
        }
        for change in &self.changes {
            let rule = change.rule.as_ref().map(|rule| format!("{} ", Text::name(rule.as_str()))).unwrap_or_default();
            page.push_str(&format!("  {} {rule}{}\n", sign(change.widened), Text::name(&change.message)));
        }
        page.push_str(match (self.is_wider(), self.changes.is_empty() && self.imports.is_empty()) {
            (true, _) => "\nIt may do more: it has to be approved again.\n",
            (false, true) => "It may do the same.\n",
            (false, false) => "\nIt may do less, and nothing more.\n",
        });
        page
    }

    /// For programs: one event a change, then the whole.
    pub(crate) fn events(&self) -> Vec<Json> {
        let imports = self.imports.iter().map(|(added, interface)| {
            let verb = if *added { "imports" } else { "no longer imports" };
            json!({"event": "change", "widened": added, "what": "import", "message": format!("{verb} `{interface}`")})
        });
        let changes = self.changes.iter().map(|change| {
            json!({
                "event": "change", "widened": change.widened, "rule": change.rule, "what": change.what,
                "message": change.message,
            })
        });
        let whole = json!({"event": "difference", "old": self.old, "new": self.new, "widened": self.is_wider()});
        imports.chain(changes).chain([whole]).collect()
    }
}
