//! How two values differ, as refusals show it: a unified diff of both as indented JSON.
//!
//! Which lines are matched is Python's `difflib`, which Go's was made after: the longest run of equal lines first,
//! then what is left of it and right of it.

use std::collections::HashMap;

/// From how many lines on those that come often do not begin a match.
const MANY: usize = 200;
/// How many equal lines are shown around what differs.
const CONTEXT: usize = 3;

/// How two JSON texts differ, a line at a time; empty where they do not.
pub(super) fn difference(old: &str, new: &str) -> String {
    let (old, new) = (indented(old), indented(new));
    let (old, new): (Vec<&str>, Vec<&str>) = (old.lines().collect(), new.lines().collect());
    let mut text = String::new();
    for hunk in hunks(&runs(&old, &new)) {
        let (first, last) = (hunk[0], hunk[hunk.len() - 1]);
        text.push_str(&format!("@@ -{} +{} @@\n", range(first.old, last.old_end()), range(first.new, last.new_end())));
        for run in hunk {
            let before = &old[run.old..run.old_end()];
            let after = &new[run.new..run.new_end()];
            let signs: &[(char, &[&str])] = if run.equal { &[(' ', before)] } else { &[('-', before), ('+', after)] };
            for (sign, lines) in signs {
                lines.iter().for_each(|line| text.push_str(&format!("{sign}{line}\n")));
            }
        }
    }
    text
}

/// JSON over lines, each indented by a space a level, as Go's `MarshalIndent` does it.
fn indented(json: &str) -> String {
    let mut text = String::with_capacity(json.len() * 2);
    let (mut depth, mut quoted, mut escaped) = (0_usize, false, false);
    let mut characters = json.chars().peekable();
    while let Some(character) = characters.next() {
        if quoted {
            text.push(character);
            quoted = escaped || character != '"';
            escaped = !escaped && character == '\\';
            continue;
        }
        match character {
            '{' | '[' => {
                text.push(character);
                if let Some(end) = characters.next_if(|next| matches!(next, '}' | ']')) {
                    text.push(end);
                    continue;
                }
                depth += 1;
                line(&mut text, depth);
            }
            '}' | ']' => {
                depth = depth.saturating_sub(1);
                line(&mut text, depth);
                text.push(character);
            }
            ',' => {
                text.push(',');
                line(&mut text, depth);
            }
            ':' => text.push_str(": "),
            other => {
                quoted = other == '"';
                text.push(other);
            }
        }
    }
    text
}

fn line(text: &mut String, depth: usize) {
    text.push('\n');
    text.push_str(&" ".repeat(depth));
}

/// Lines that are equal, or that stand in place of others.
#[derive(Debug, Clone, Copy)]
struct Run {
    equal: bool,
    old: usize,
    old_count: usize,
    new: usize,
    new_count: usize,
}

impl Run {
    fn old_end(self) -> usize {
        self.old + self.old_count
    }

    fn new_end(self) -> usize {
        self.new + self.new_count
    }

    /// Without the first lines, of a run of equal ones.
    fn ending(self, count: usize) -> Self {
        let left_out = self.old_count.saturating_sub(count);
        let (old, new) = (self.old + left_out, self.new + left_out);
        Self { old, new, old_count: self.old_count - left_out, new_count: self.new_count - left_out, ..self }
    }

    /// Without the last lines, of a run of equal ones.
    fn beginning(self, count: usize) -> Self {
        let kept = self.old_count.min(count);
        Self { old_count: kept, new_count: kept, ..self }
    }
}

/// Where a hunk's lines are: `line,count`, or the line alone.
fn range(start: usize, end: usize) -> String {
    match end - start {
        1 => (start + 1).to_string(),
        0 => format!("{start},0"),
        count => format!("{},{count}", start + 1),
    }
}

/// All lines of both, equal and different by turns.
fn runs(old: &[&str], new: &[&str]) -> Vec<Run> {
    let mut equal = Vec::new();
    let lines = Lines::new(old, new);
    lines.matches((0, old.len()), (0, new.len()), &mut equal);
    let mut runs: Vec<Run> = Vec::new();
    let (mut at_old, mut at_new) = (0, 0);
    for (start, begin, count) in equal.into_iter().chain([(old.len(), new.len(), 0)]) {
        let (old_count, new_count) = (start - at_old, begin - at_new);
        if old_count + new_count > 0 {
            runs.push(Run { equal: false, old: at_old, old_count, new: at_new, new_count });
        }
        match runs.last_mut().filter(|run| run.equal) {
            // What lies side by side is one run.
            Some(run) => (run.old_count, run.new_count) = (run.old_count + count, run.new_count + count),
            None if count > 0 => {
                runs.push(Run { equal: true, old: start, old_count: count, new: begin, new_count: count });
            }
            None => {}
        }
        (at_old, at_new) = (start + count, begin + count);
    }
    runs
}

/// The runs in groups, each with a few equal lines around it.
fn hunks(runs: &[Run]) -> Vec<Vec<Run>> {
    let mut hunks: Vec<Vec<Run>> = Vec::new();
    let mut hunk: Vec<Run> = Vec::new();
    for (index, run) in runs.iter().enumerate() {
        let mut run = *run;
        if run.equal {
            let (is_first, is_last) = (index == 0, index + 1 == runs.len());
            if is_first {
                run = run.ending(CONTEXT);
            }
            if is_last {
                run = run.beginning(CONTEXT);
            }
            if run.old_count > 2 * CONTEXT {
                hunk.push(run.beginning(CONTEXT));
                hunks.push(std::mem::take(&mut hunk));
                run = run.ending(CONTEXT);
            }
        }
        hunk.push(run);
    }
    hunks.push(hunk);
    hunks.retain(|hunk| hunk.iter().any(|run| !run.equal));
    hunks
}

/// Two texts, and where the lines of the second one are.
struct Lines<'a> {
    old: &'a [&'a str],
    new: &'a [&'a str],
    places: HashMap<&'a str, Vec<usize>>,
}

impl<'a> Lines<'a> {
    fn new(old: &'a [&'a str], new: &'a [&'a str]) -> Self {
        let mut places: HashMap<&str, Vec<usize>> = HashMap::new();
        for (index, line) in new.iter().enumerate() {
            places.entry(line).or_default().push(index);
        }
        if new.len() >= MANY {
            places.retain(|_, places| places.len() <= new.len() / 100 + 1);
        }
        Self { old, new, places }
    }

    /// The runs of equal lines within two ranges, in order: where in each, and how many.
    fn matches(&self, old: (usize, usize), new: (usize, usize), found: &mut Vec<(usize, usize, usize)>) {
        let (start, begin, count) = self.longest(old, new);
        if count == 0 {
            return;
        }
        self.matches((old.0, start), (new.0, begin), found);
        found.push((start, begin, count));
        self.matches((start + count, old.1), (begin + count, new.1), found);
    }

    /// The longest run of equal lines, of those the first.
    fn longest(&self, old: (usize, usize), new: (usize, usize)) -> (usize, usize, usize) {
        let (mut start, mut begin, mut count) = (old.0, new.0, 0);
        // How long the run is that ends with the line before, by its place in the second text.
        let mut ending: HashMap<usize, usize> = HashMap::new();
        for index in old.0..old.1 {
            let mut here = HashMap::new();
            for place in self.places.get(self.old[index]).into_iter().flatten().copied() {
                if !(new.0..new.1).contains(&place) {
                    continue;
                }
                let length =
                    place.checked_sub(1).and_then(|before| ending.get(&before)).copied().unwrap_or_default() + 1;
                here.insert(place, length);
                if length > count {
                    (start, begin, count) = (index + 1 - length, place + 1 - length, length);
                }
            }
            ending = here;
        }
        // Lines that come often do not begin a match, but they may be part of one.
        while start > old.0 && begin > new.0 && self.old[start - 1] == self.new[begin - 1] {
            (start, begin, count) = (start - 1, begin - 1, count + 1);
        }
        while start + count < old.1 && begin + count < new.1 && self.old[start + count] == self.new[begin + count] {
            count += 1;
        }
        (start, begin, count)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn json_is_indented_as_go_indents_it() {
        let text = r#"{"A":["x, {y}: \"z\\"],"B":{},"C":[],"D":{"e":null}}"#;
        let expect =
            "{\n \"A\": [\n  \"x, {y}: \\\"z\\\\\"\n ],\n \"B\": {},\n \"C\": [],\n \"D\": {\n  \"e\": null\n }\n}";
        assert_eq!(indented(text), expect);
    }

    #[test]
    fn what_differs_is_shown_with_three_lines_around_it() {
        let list = |items: &[u32]| format!("{items:?}").replace(' ', "");
        let all: Vec<u32> = (0..20).collect();
        let without =
            |left_out: &[u32]| list(&all.iter().copied().filter(|n| !left_out.contains(n)).collect::<Vec<_>>());
        assert_eq!(difference(&list(&all), &list(&all)), "");
        let expect = "@@ -1,6 +1,5 @@\n [\n  0,\n- 1,\n  2,\n  3,\n  4,\n";
        assert_eq!(difference(&list(&all), &without(&[1])), expect);
        let expect = "@@ -2,7 +2,6 @@\n  0,\n  1,\n  2,\n- 3,\n  4,\n  5,\n  6,\n@@ -16,7 +15,6 @@\n  14,\n  15,\n  16,\n- 17,\n  18,\n  19\n ]\n";
        assert_eq!(difference(&list(&all), &without(&[3, 17])), expect);
        assert_eq!(difference("1", "2"), "@@ -1 +1 @@\n-1\n+2\n");
        assert_eq!(difference("[]", "[1]"), "@@ -1 +1,3 @@\n-[]\n+[\n+ 1\n+]\n");
    }

    #[test]
    fn lines_that_come_often_do_not_lead_astray() {
        let text = |first: u32| format!("[{first},{}]", ["null"; 250].join(","));
        let expect = "@@ -1,5 +1,5 @@\n [\n- 1,\n+ 2,\n  null,\n  null,\n  null,\n";
        assert_eq!(difference(&text(1), &text(2)), expect);
    }
}
