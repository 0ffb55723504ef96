//! `cargo xtask pictures`: what a plan and a run of the MAPS stack look like on a terminal, as docs/plan.svg and docs/run.svg.
//!
//! Both are drawn from what `maps` really printed, in its own colours; only what a terminal draws over is left out.

use std::fs;
use std::process::Command;

use crate::{Failure, plugins, process, repo};

/// Lines at the beginning of a plan that its picture shows, and at the end.
const PLAN_LINES: [usize; 2] = [56, 20];
/// Columns that a picture shows; a longer line is cut.
const COLUMNS: usize = 118;
/// The size of a character and of a line, in pixels.
const CHARACTER: f64 = 7.8;
const LINE: usize = 18;

/// Runs the task.
pub(crate) fn run() -> Result<(), Failure> {
    plugins::shipped()?;
    // A copy, so that nothing is there yet, and what a demo left stays.
    let place = repo::target().join("pictures");
    let stack = place.join("stacks").join("maps");
    if place.exists() {
        fs::remove_dir_all(&place).map_err(|e| format!("cannot remove {}: {e}", place.display()))?;
    }
    repo::copy(&repo::root().join("stacks").join("maps"), &stack)?;
    let maps = |arguments: &[&str]| {
        let mut maps = Command::new(repo::maps());
        maps.args(arguments).args(["stacks/maps", "--rehearse", "--color", "always"]).current_dir(&place);
        process::output(&mut maps)
    };
    let plan = maps(&["plan"])?;
    write("plan.svg", "maps plan stacks/maps --rehearse", &shortened(&plan.lines().collect::<Vec<_>>()))?;
    let ran = maps(&["run", "--yes"])?;
    write("run.svg", "maps run stacks/maps --rehearse --yes", &as_it_ends(&ran))
}

/// The beginning and the end, with how much is between them.
fn shortened(lines: &[&str]) -> Vec<String> {
    let [first, last] = PLAN_LINES;
    let owned = |lines: &[&str]| lines.iter().map(|line| (*line).to_owned()).collect::<Vec<_>>();
    if lines.len() <= first + last + 1 {
        return owned(lines);
    }
    let between = lines.len() - first - last;
    let mut shown = owned(&lines[..first]);
    shown.push(format!("\u{1b}[2m  ⋮ {between} lines\u{1b}[0m"));
    shown.extend(owned(&lines[lines.len() - last..]));
    shown
}

/// What stays of a run on a terminal once it is over: beginnings and waits are drawn over there, and the plan was shown
/// before.
fn as_it_ends(ran: &str) -> Vec<String> {
    let plain = |line: &str| spans(line).into_iter().map(|span| span.text).collect::<String>();
    let from = ran.lines().position(|line| plain(line).starts_with("Plan:")).unwrap_or_default();
    let stays = ran.lines().skip(from).filter(|line| !plain(line).trim_start().starts_with('…'));
    stays.filter(|line| !plain(line).contains("not approved yet")).map(str::to_owned).collect()
}

fn write(name: &str, command: &str, lines: &[String]) -> Result<(), Failure> {
    let path = repo::root().join("docs").join(name);
    fs::write(&path, picture(command, lines)).map_err(|e| format!("cannot write {}: {e}", path.display()))?;
    println!("{} has {} lines", path.display(), lines.len());
    Ok(())
}

/// A terminal's window with a command and what it printed.
fn picture(command: &str, lines: &[String]) -> String {
    let width = (COLUMNS as f64 * CHARACTER).ceil() as usize + 40;
    let height = (lines.len() + 2) * LINE + 56;
    let mut svg = format!(
        r##"<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" width="{width}" height="{height}" role="img">
<title>{}</title>
<style>
text {{ font: 13px ui-monospace, SFMono-Regular, Menlo, Consolas, "DejaVu Sans Mono", monospace; fill: #d7dae0; white-space: pre; }}
.b {{ font-weight: 700; }} .d {{ fill: #7f8794; }}
.c31 {{ fill: #ef6b73; }} .c32 {{ fill: #7ec97f; }} .c33 {{ fill: #e2b95c; }} .c35 {{ fill: #c98fe0; }} .c36 {{ fill: #5fc0cf; }}
</style>
<rect width="{width}" height="{height}" rx="10" fill="#1d2026"/>
<circle cx="22" cy="20" r="6" fill="#ef6b73"/><circle cx="42" cy="20" r="6" fill="#e2b95c"/><circle cx="62" cy="20" r="6" fill="#7ec97f"/>
"##,
        escaped(command)
    );
    let prompt = format!("\u{1b}[32m$\u{1b}[0m \u{1b}[1m{command}\u{1b}[0m");
    let all = [prompt, String::new()].into_iter().chain(lines.iter().cloned());
    for (row, line) in all.enumerate() {
        let drawn = drawn(&line);
        if !drawn.is_empty() {
            svg.push_str(&format!("<text x=\"20\" y=\"{}\" xml:space=\"preserve\">{drawn}</text>\n", 56 + row * LINE));
        }
    }
    svg.push_str("</svg>\n");
    svg
}

/// A part of a line in one style.
#[derive(Debug, PartialEq, Eq)]
struct Span {
    class: String,
    text: String,
}

fn drawn(line: &str) -> String {
    let mut room = COLUMNS;
    let mut drawn = String::new();
    for span in spans(line.trim_end()) {
        let mut text: String = span.text.chars().take(room).collect();
        room -= text.chars().count();
        if room == 0 && text.chars().count() < span.text.chars().count() {
            text.pop();
            text.push('…');
        }
        match span.class.as_str() {
            "" => drawn.push_str(&escaped(&text)),
            class => drawn.push_str(&format!("<tspan class=\"{class}\">{}</tspan>", escaped(&text))),
        }
        if room == 0 {
            break;
        }
    }
    drawn
}

/// The parts of a line, by the styles that its escape sequences switch on.
fn spans(line: &str) -> Vec<Span> {
    let mut spans = Vec::new();
    let (mut bold, mut dim, mut colour) = (false, false, None);
    for (index, part) in line.split('\u{1b}').enumerate() {
        let text = match part.strip_prefix('[').and_then(|rest| rest.split_once('m')) {
            Some((codes, text)) if index > 0 => {
                for code in codes.split(';') {
                    match code {
                        "" | "0" => (bold, dim, colour) = (false, false, None),
                        "1" => bold = true,
                        "2" => dim = true,
                        "31" | "32" | "33" | "35" | "36" => colour = Some(code.to_owned()),
                        _ => {}
                    }
                }
                text
            }
            _ => part,
        };
        if text.is_empty() {
            continue;
        }
        let colour = colour.as_ref().map(|code: &String| format!("c{code}"));
        let classes = [bold.then(|| "b".to_owned()), dim.then(|| "d".to_owned()), colour];
        let class = classes.into_iter().flatten().collect::<Vec<_>>().join(" ");
        spans.push(Span { class, text: text.to_owned() });
    }
    spans
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn colours_become_classes_and_nothing_else_is_left_of_them() {
        let line = "  \u{1b}[32m✓\u{1b}[0m \u{1b}[1ma <b>\u{1b}[0m made \u{1b}[1m\u{1b}[31mx\u{1b}[0m";
        assert_eq!(
            drawn(line),
            "  <tspan class=\"c32\">✓</tspan> <tspan class=\"b\">a &lt;b&gt;</tspan> made <tspan class=\"b c31\">x</tspan>"
        );
        let long = drawn(&"y".repeat(500));
        assert!(long.chars().count() == COLUMNS && long.ends_with('…'), "{long}");
    }

    #[test]
    fn of_a_plan_its_beginning_and_its_end_are_shown_and_of_a_run_what_stays() {
        let lines: Vec<String> = (0..200).map(|n| n.to_string()).collect();
        let shown = shortened(&lines.iter().map(String::as_str).collect::<Vec<_>>());
        assert_eq!(shown.len(), PLAN_LINES[0] + PLAN_LINES[1] + 1);
        assert!(shown[PLAN_LINES[0]].contains("124 lines") && shown.last().is_some_and(|line| line == "199"));
        let ran = "Stack\n\nPlan: 1 to create.\ndns is not approved yet\n  … a creating\n  ✓ a created\n\ndone";
        assert_eq!(as_it_ends(ran), ["Plan: 1 to create.", "  ✓ a created", "", "done"]);
    }
}
