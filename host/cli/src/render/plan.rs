//! A plan as a tree: what depends on a thing stands beneath it, what does not change is counted.

use maps_engine::plan::Action;

use super::rows::{ACTIONS, FieldRow, Node, OutputRow, PlanView, StepRow, Tally};
use super::style::{self, BAD, CHANGE, DIM, GOOD, REPLACE, STRONG, paint};

/// Longer paths do not push all other values to the right.
const WIDEST_PATH: usize = 40;

/// The whole plan, with its summary line.
pub(crate) fn tree(view: &PlanView) -> String {
    let mut page = String::new();
    for (index, root) in view.roots.iter().enumerate() {
        if index > 0 {
            page.push('\n');
        }
        node(view, root, &Guides { own: "  ".to_owned(), below: "  ".to_owned() }, &mut page);
    }
    if view.hidden > 0 && !view.roots.is_empty() {
        page.push_str(&format!("\n  {}\n", hidden(view.hidden)));
    }
    if !view.outputs.is_empty() {
        page.push_str(&format!("\n  {}\n", paint(STRONG, "outputs")));
        let width = widest(view.outputs.iter().map(|row| row.name.width()));
        view.outputs.iter().for_each(|row| page.push_str(&output(row, width)));
    }
    page.push_str(&losses(view));
    if !page.is_empty() {
        page.push('\n');
    }
    page.push_str(&summary(&view.tally, !view.outputs.is_empty()));
    let offline = view.steps.iter().filter(|step| step.offline).count();
    if offline > 0 {
        let told = format!("{offline} planned offline: what they live in does not exist yet, and was not asked.");
        page.push_str(&format!("{}\n", paint(DIM, told)));
    }
    page
}

/// What nobody brings back, right above the question whether to go on.
fn losses(view: &PlanView) -> String {
    let lossy = || view.steps.iter().filter_map(|step| Some((step, step.loses.as_ref()?)));
    let Some(width) = lossy().map(|(step, _)| step.address.width()).max() else { return String::new() };
    let told = lossy().map(|(step, what)| match step.is_gone {
        true => format!("    {:width$}  is gone, with {what}; what is made now begins without\n", step.address),
        false => format!("    {:width$}  goes with {what}\n", step.address),
    });
    format!("\n  {}\n{}", paint(BAD.bold(), "lost for good"), told.collect::<String>())
}

/// `Plan: 1 to create, 2 to update; 3 unchanged.`
fn summary(tally: &Tally, outputs: bool) -> String {
    let same = tally.of(Action::Same);
    if tally.changes() == 0 {
        let outputs = if outputs { " Only outputs change." } else { "" };
        let told = if same == 0 {
            "No changes: there are no resources.".to_owned()
        } else {
            format!("No changes: {same} unchanged.")
        };
        return format!("{}{outputs}\n", paint(STRONG, told));
    }
    let parts: Vec<String> = ACTIONS
        .iter()
        .filter(|action| **action != Action::Same && tally.of(**action) > 0)
        .map(|action| {
            let (colour, _, verb) = style::action(*action);
            paint(colour, format!("{} to {verb}", tally.of(*action)))
        })
        .collect();
    let rest = if same > 0 { format!("; {same} unchanged") } else { String::new() };
    format!("{} {}{rest}.\n", paint(STRONG, "Plan:"), parts.join(", "))
}

/// What stands before a node's own line and before every line beneath it.
struct Guides {
    own: String,
    below: String,
}

fn node(view: &PlanView, node: &Node, guides: &Guides, page: &mut String) {
    let step = &view.steps[node.step];
    page.push_str(&paint(DIM, &guides.own));
    page.push_str(&headline(step));
    page.push('\n');
    let has_more = !node.children.is_empty() || node.hidden > 0;
    let rail = if has_more { "│" } else { " " };
    let width = widest(step.fields.iter().map(|row| row.path.width()));
    for row in &step.fields {
        page.push_str(&paint(DIM, format!("{}{rail}   ", guides.below)));
        page.push_str(&field(row, width));
        page.push('\n');
    }
    let last = node.children.len();
    for (index, child) in node.children.iter().enumerate() {
        let ends = index + 1 == last && node.hidden == 0;
        let (own, below) = if ends { ("└─ ", "   ") } else { ("├─ ", "│  ") };
        let guides = Guides { own: format!("{}{own}", guides.below), below: format!("{}{below}", guides.below) };
        self::node(view, child, &guides, page);
    }
    if node.hidden > 0 {
        page.push_str(&format!("{}{}\n", paint(DIM, format!("{}└─ ", guides.below)), hidden(node.hidden)));
    }
}

fn hidden(count: usize) -> String {
    paint(DIM, format!("({count} unchanged hidden)"))
}

fn headline(step: &StepRow) -> String {
    let (colour, sign, verb) = style::action(step.action);
    if step.action == Action::Same {
        return paint(DIM, format!("{sign} {}  {}", step.address, step.kind));
    }
    let mut line = format!(
        "{}  {}  {}",
        paint(colour.bold(), format!("{sign} {}", step.address)),
        paint(DIM, &step.kind),
        paint(colour, verb)
    );
    if !step.notes.is_empty() {
        let notes: Vec<&str> = step.notes.iter().map(|note| note.as_str()).collect();
        line.push_str(&format!("  {}", paint(DIM, format!("({})", notes.join("; ")))));
    }
    line
}

fn field(row: &FieldRow, width: usize) -> String {
    let mut line = format!("{:width$}  ", row.path);
    line.push_str(&match (&row.old, &row.new) {
        (Some(old), Some(new)) => {
            format!("{} {} {}", paint(BAD, &old.text), paint(DIM, "→"), paint(GOOD, &new.text))
        }
        (None, Some(new)) => new.text.to_string(),
        (Some(old), None) => format!("{} {}", paint(BAD, &old.text), paint(DIM, "→ nothing")),
        (None, None) => String::new(),
    });
    if row.replaces {
        line.push_str(&format!("  {}", paint(REPLACE, "forces replacement")));
    }
    if let Some(note) = &row.note {
        line.push_str(&format!("  {}", paint(CHANGE, note)));
    }
    line.trim_end().to_owned()
}

fn output(row: &OutputRow, width: usize) -> String {
    let value = match (&row.old, &row.new) {
        (Some(old), Some(new)) => format!("{} {} {}", paint(BAD, &old.text), paint(DIM, "→"), paint(GOOD, &new.text)),
        (None, Some(new)) => new.text.to_string(),
        (_, None) => paint(DIM, "goes"),
    };
    format!("    {:width$}  {value}\n", row.name)
}

fn widest(widths: impl Iterator<Item = usize>) -> usize {
    widths.filter(|width| *width <= WIDEST_PATH).max().unwrap_or(0)
}

#[cfg(test)]
mod tests;
