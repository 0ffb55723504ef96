//! How many requests reached each service, by route and effect.

use std::collections::BTreeMap;
use std::fs::{self, File, OpenOptions};
use std::io::{ErrorKind, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;

use crate::directory::write_atomically;
use crate::error::Error;
use crate::routes::Effect;

/// The file in a cloud's directory.
pub(crate) const FILE: &str = "counts.log";

/// Service, then `read` or `write`, then `METHOD /route/{template}`.
pub type Counts = BTreeMap<String, BTreeMap<String, BTreeMap<String, u64>>>;

/// The counts of a cloud's directory, whether or not a server runs on it.
pub fn counts(dir: &Path) -> Result<Counts, Error> {
    read(&dir.join(FILE))
}

/// Counts one line at a time with a plain append: a killed process loses none
/// of it, since what was written belongs to the system, and no disk is waited for.
#[derive(Debug)]
pub(crate) struct Counter {
    counts: Counts,
    file: File,
}

impl Counter {
    /// Takes up the counts of earlier runs and starts their file anew, a line a route.
    pub(crate) fn open(path: &Path) -> Result<Self, Error> {
        let counts = read(path)?;
        let mut text = String::new();
        for (service, effects) in &counts {
            for (effect, routes) in effects {
                for (route, number) in routes {
                    text.push_str(&line(*number, service, effect, route));
                }
            }
        }
        write_atomically(path, text.as_bytes())?;
        let file = OpenOptions::new().append(true).mode(0o600).open(path).map_err(Error::io("open", path))?;
        Ok(Self { counts, file })
    }

    /// Counts one request.
    pub(crate) fn count(&mut self, service: &str, effect: Effect, route: &str) -> std::io::Result<()> {
        let effect = effect.as_str();
        self.file.write_all(line(1, service, effect, route).as_bytes())?;
        add(&mut self.counts, 1, service, effect, route);
        Ok(())
    }

    /// The counts so far.
    pub(crate) fn counts(&self) -> &Counts {
        &self.counts
    }
}

fn line(number: u64, service: &str, effect: &str, route: &str) -> String {
    format!("{number}\t{service}\t{effect}\t{route}\n")
}

fn add(counts: &mut Counts, number: u64, service: &str, effect: &str, route: &str) {
    let routes = counts.entry(service.to_owned()).or_default().entry(effect.to_owned()).or_default();
    let count = routes.entry(route.to_owned()).or_default();
    *count = count.saturating_add(number);
}

fn read(path: &Path) -> Result<Counts, Error> {
    let text = match fs::read_to_string(path) {
        Ok(text) => text,
        Err(source) if source.kind() == ErrorKind::NotFound => return Ok(Counts::new()),
        Err(source) => return Err(Error::io("read", path)(source)),
    };
    let mut counts = Counts::new();
    // A line without its newline was being written when the reader came by.
    for (index, line) in text.split_inclusive('\n').enumerate() {
        let Some(line) = line.strip_suffix('\n') else { break };
        let mut fields = line.splitn(4, '\t');
        match (fields.next().and_then(|n| n.parse().ok()), fields.next(), fields.next(), fields.next()) {
            (Some(number), Some(service), Some(effect), Some(route)) => {
                add(&mut counts, number, service, effect, route);
            }
            _ => {
                let reason = "not a count".to_owned();
                return Err(Error::Damaged { path: path.to_owned(), line: index + 1, reason });
            }
        }
    }
    Ok(counts)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used)]
    use super::*;

    #[test]
    fn counts_outlive_the_counter_and_add_up() {
        let home = tempfile::tempdir().unwrap();
        let path = home.path().join(FILE);
        for _ in 0..3 {
            let mut counter = Counter::open(&path).unwrap();
            counter.count("digitalocean", Effect::Read, "GET /v2/account").unwrap();
            counter.count("digitalocean", Effect::Write, "POST /v2/kubernetes/clusters").unwrap();
        }
        let counts = counts(home.path()).unwrap();
        assert_eq!(counts["digitalocean"]["read"]["GET /v2/account"], 3);
        assert_eq!(counts["digitalocean"]["write"]["POST /v2/kubernetes/clusters"], 3);
    }

    #[test]
    fn a_line_without_its_end_is_not_counted() {
        let home = tempfile::tempdir().unwrap();
        fs::write(home.path().join(FILE), "1\tdigitalocean\tread\tGET /v2/account\n1\tdigital").unwrap();
        assert_eq!(counts(home.path()).unwrap()["digitalocean"]["read"]["GET /v2/account"], 1);
    }
}
