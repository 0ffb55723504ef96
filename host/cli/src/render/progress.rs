//! What is under way: events folded into lines that stay and a block that is redrawn.

use std::collections::BTreeMap;
use std::time::Duration;

use maps_engine::journal::OpKind;
use maps_engine::{Address, Event, Problem};

use super::style::{BAD, CHANGE, DIM, GOOD, LEARN, STRONG, paint};
use super::summary::duration;
use super::text::Text;

/// More than this is summed up, so that the block fits a small terminal.
const MOST_LINES: usize = 8;
const SPINNER: [&str; 10] = ["⠋", "⠙", "⠹", "⠸", "⠼", "⠴", "⠦", "⠧", "⠇", "⠏"];

/// The operations of a run as far as they have been heard of. Pure: time comes in.
#[derive(Debug, Default)]
pub(crate) struct Progress {
    what: &'static str,
    total: Option<usize>,
    ended: usize,
    under_way: BTreeMap<Address, Work>,
}

#[derive(Debug)]
struct Work {
    does: OpKind,
    since: Duration,
    note: Option<Text>,
}

impl Progress {
    /// Of a phase, with so many steps if they can be told.
    pub(crate) fn of(what: &'static str, total: Option<usize>) -> Self {
        Self { what, total, ..Self::default() }
    }

    /// Takes an event in, and returns the line that stays, if it leaves one. `verbose` leaves one
    /// for beginnings and waits too: where there is no block that shows them.
    pub(crate) fn take(&mut self, event: &Event, now: Duration, verbose: bool) -> Option<String> {
        match event {
            Event::Started { address, does } => {
                self.under_way.insert(address.clone(), Work { does: *does, since: now, note: None });
                verbose.then(|| said(DIM, "…", address, doing(*does)))
            }
            Event::Waiting { address, note, .. } => {
                let note = note.as_deref().map(Text::line);
                let work = self.under_way.get_mut(address)?;
                if work.note == note {
                    return None;
                }
                work.note.clone_from(&note);
                let note = note.filter(|_| verbose)?;
                Some(said(DIM, "…", address, &paint(DIM, format!("waiting: {note}"))))
            }
            Event::Retrying { address, problem, attempt, retry_after_ms } => {
                let wait = duration(*retry_after_ms);
                let told = format!("{}; attempt {attempt}, retrying in {wait}", shown(problem));
                Some(said(CHANGE, "!", address, &told))
            }
            Event::Finished { address, does, duration_ms } => {
                self.end(address);
                Some(said(
                    GOOD,
                    "✓",
                    address,
                    &format!("{} {}", done(*does), paint(DIM, format!("in {}", duration(*duration_ms)))),
                ))
            }
            Event::Failed { address, does, problem } => {
                self.end(address);
                let mut told = format!("{} failed: {}", noun(*does), shown(problem));
                if let Some(path) = &problem.path {
                    told.push_str(&format!("\n    at {}", Text::line(path)));
                }
                if let Some(help) = &problem.help {
                    told.push_str(&format!("\n    help: {}", Text::line(help)));
                }
                Some(said(BAD, "✗", address, &told))
            }
            Event::Blocked { address, by } => {
                self.ended += 1;
                Some(said(CHANGE, "∅", address, &format!("not tried: {} failed", Text::line(by.as_str()))))
            }
            Event::Learned { address, what } => Some(said(LEARN, "←", address, Text::line(what).as_str())),
            Event::Log { plugin, level, message } => {
                let style = if matches!(*level, "warn" | "error") { CHANGE } else { DIM };
                Some(format!(
                    "  {} {}\n",
                    paint(style, format!("{level} {}:", Text::line(plugin))),
                    Text::line(message)
                ))
            }
        }
    }

    fn end(&mut self, address: &Address) {
        self.under_way.remove(address);
        self.ended += 1;
    }

    /// The block that is redrawn: a line of totals, and one for each operation under way.
    pub(crate) fn block(&self, now: Duration, frame: usize, width: usize) -> Vec<String> {
        let spinner = SPINNER[frame % SPINNER.len()];
        let count = self.total.map(|total| {
            let total = total.max(self.ended + self.under_way.len());
            format!(" {} of {total}", self.ended)
        });
        let what = format!("{}{}", self.what, count.unwrap_or_default());
        let mut lines = vec![format!("{} {what} · {}", paint(LEARN, spinner), duration(ms(now)))];
        for (address, work) in self.under_way.iter().take(MOST_LINES) {
            let elapsed = duration(ms(now.saturating_sub(work.since)));
            let note = work.note.as_ref().map(|note| format!(" · {note}")).unwrap_or_default();
            let name = Text::line(address.as_str());
            let rest = format!("  {} · {elapsed}{note}", doing(work.does));
            lines.push(fitted(&name, &rest, width));
        }
        if self.under_way.len() > MOST_LINES {
            lines.push(paint(DIM, format!("  and {} more", self.under_way.len() - MOST_LINES)));
        }
        lines
    }
}

/// A line cut to the terminal's width: a wrapped one could not be drawn over.
fn fitted(name: &Text, rest: &str, width: usize) -> String {
    let room = width.saturating_sub(3);
    let name: String = name.as_str().chars().take(room).collect();
    let room = room - name.chars().count();
    let rest: String = rest.chars().take(room).collect();
    format!("  {}{}", paint(STRONG, name), paint(DIM, rest))
}

fn said(style: anstyle::Style, sign: &str, address: &Address, what: &str) -> String {
    format!("  {} {} {what}\n", paint(style, sign), paint(STRONG, Text::line(address.as_str())))
}

fn shown(problem: &Problem) -> String {
    format!("{} {}", Text::line(&problem.message), paint(DIM, format!("({})", Text::line(&problem.code))))
}

fn ms(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}

fn doing(does: OpKind) -> &'static str {
    match does {
        OpKind::Create => "creating",
        OpKind::Update => "updating",
        OpKind::Delete => "deleting",
    }
}

fn done(does: OpKind) -> &'static str {
    match does {
        OpKind::Create => "created",
        OpKind::Update => "updated",
        OpKind::Delete => "deleted",
    }
}

fn noun(does: OpKind) -> &'static str {
    match does {
        OpKind::Create => "creation",
        OpKind::Update => "update",
        OpKind::Delete => "deletion",
    }
}

#[cfg(test)]
mod tests {
    use maps_engine::Class;

    use super::*;

    fn address(name: &str) -> Address {
        Address::new(name)
    }

    fn started(name: &str) -> Event {
        Event::Started { address: address(name), does: OpKind::Create }
    }

    fn waiting(name: &str, note: &str) -> Event {
        Event::Waiting { address: address(name), note: Some(note.to_owned()), retry_after_ms: 5000 }
    }

    fn events() -> Vec<Event> {
        let problem = Problem::new(Class::Throttled, "too-many", "slow down");
        let refused = Problem::new(Class::Invalid, "bad-size", "there is no such size").at("size").help("take another");
        vec![
            started("cluster"),
            waiting("cluster", "provisioning"),
            waiting("cluster", "provisioning"),
            Event::Retrying { address: address("cluster"), problem, attempt: 1, retry_after_ms: 1500 },
            Event::Finished { address: address("cluster"), does: OpKind::Create, duration_ms: 460_000 },
            Event::Log { plugin: "doks".into(), level: "warn", message: "odd\u{1b}[2J".into() },
            started("pool"),
            Event::Failed { address: address("pool"), does: OpKind::Create, problem: refused },
            Event::Blocked { address: address("release"), by: address("pool") },
            Event::Learned { address: address("bucket"), what: "adopted after an interrupted run".into() },
        ]
    }

    fn folded(verbose: bool) -> String {
        let mut progress = Progress::of("applying", Some(3));
        let lines: String = events().iter().filter_map(|event| progress.take(event, Duration::ZERO, verbose)).collect();
        anstream::adapter::strip_str(&lines).to_string()
    }

    #[test]
    fn plain_lines_tell_everything_once() {
        insta::assert_snapshot!(folded(true));
    }

    #[test]
    fn with_a_block_only_what_ended_stays() {
        insta::assert_snapshot!(folded(false));
    }

    #[test]
    fn the_block_shows_what_is_under_way_and_fits() {
        let mut progress = Progress::of("applying", Some(14));
        for number in 0..11 {
            progress.take(&started(&format!("release[\"{number:02}\"]")), Duration::from_secs(number), false);
        }
        progress.take(&waiting("release[\"03\"]", &"long ".repeat(40)), Duration::from_secs(11), false);
        let block = progress.block(Duration::from_secs(75), 3, 60).join("\n");
        let plain = anstream::adapter::strip_str(&block).to_string();
        assert!(plain.lines().all(|line| line.chars().count() < 60), "{plain}");
        insta::assert_snapshot!(plain);
    }
}
