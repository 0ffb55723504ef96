//! What programs in Pods wrote. It lives as long as the server does, as a container's log lives with its node.

use std::collections::{BTreeMap, VecDeque};

/// Lines that are kept of one Pod.
const LINES: usize = 500;
/// Pods whose lines are kept.
const PODS: usize = 100;

/// The last lines of each Pod.
#[derive(Debug, Default)]
pub(crate) struct Logs {
    pods: BTreeMap<(String, String), VecDeque<String>>,
}

impl Logs {
    /// Adds a line; `is_there` tells which Pods still are.
    pub(crate) fn add(&mut self, namespace: &str, pod: &str, line: &str, is_there: impl Fn(&str, &str) -> bool) {
        let key = (namespace.to_owned(), pod.to_owned());
        if self.pods.len() >= PODS && !self.pods.contains_key(&key) {
            self.pods.retain(|(namespace, pod), _| is_there(namespace, pod));
        }
        let lines = self.pods.entry(key).or_default();
        if lines.len() >= LINES {
            lines.pop_front();
        }
        lines.push_back(line.to_owned());
    }

    /// The last so many lines of a Pod, or all.
    pub(crate) fn read(&self, namespace: &str, pod: &str, last: Option<usize>) -> String {
        let Some(lines) = self.pods.get(&(namespace.to_owned(), pod.to_owned())) else { return String::new() };
        let skipped = lines.len().saturating_sub(last.unwrap_or(usize::MAX));
        lines.iter().skip(skipped).map(|line| format!("{line}\n")).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_lines_are_kept() {
        let mut logs = Logs::default();
        for number in 0..LINES + 2 {
            logs.add("a", "p", &number.to_string(), |_, _| true);
        }
        assert!(logs.read("a", "p", None).starts_with("2\n3\n"));
        assert_eq!(logs.read("a", "p", Some(2)), "500\n501\n");
        for number in 0..PODS {
            logs.add("b", &number.to_string(), "x", |_, pod| pod != "p");
        }
        assert_eq!((logs.read("a", "p", None).as_str(), logs.read("b", "7", None).as_str()), ("", "x\n"));
    }
}
