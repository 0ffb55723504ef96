//! Random stacks, and random edits of them.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use maps_engine::stack::{Parameters, Stack};

use crate::world::Random;

/// A resource of a random stack. It refers only to those before it, so there is no cycle.
#[derive(Clone, Debug)]
pub(crate) struct Wanted {
    pub(crate) name: usize,
    pub(crate) kind: &'static str,
    pub(crate) size: u64,
    pub(crate) zone: u64,
    pub(crate) from: Vec<usize>,
}

/// One version of the stack.
pub(crate) type Version = Vec<Wanted>;

/// A first version and its edits.
#[derive(Clone, Debug)]
pub(crate) struct Scenario {
    pub(crate) versions: Vec<Version>,
}

impl Scenario {
    pub(crate) fn random(seed: u64) -> Self {
        let mut random = Random(seed ^ 0x5EED);
        let count = 1 + random.below(7) as usize;
        let mut version: Version = (0..count).map(|name| resource(name, &mut random)).collect();
        let mut versions = vec![version.clone()];
        for _ in 0..random.below(3) {
            for wanted in &mut version {
                match random.below(6) {
                    0 => wanted.size += 1,
                    1 => wanted.zone += 1,
                    2 => wanted.from = references(wanted.name, &mut random),
                    _ => {}
                }
            }
            if random.chance(40) && version.len() > 1 {
                let gone = version.remove(random.below(version.len() as u64) as usize).name;
                version.iter_mut().for_each(|wanted| wanted.from.retain(|from| *from != gone));
            }
            if random.chance(40) {
                let name = version.iter().map(|wanted| wanted.name + 1).max().unwrap_or(0);
                version.push(resource(name, &mut random));
            }
            let names: Vec<usize> = version.iter().map(|wanted| wanted.name).collect();
            version.iter_mut().for_each(|wanted| wanted.from.retain(|from| names.contains(from)));
            versions.push(version.clone());
        }
        Self { versions }
    }

    /// Scenarios that are a little smaller.
    pub(crate) fn smaller(&self) -> Vec<Self> {
        let mut smaller = Vec::new();
        for index in 0..self.versions.len().saturating_sub(1) {
            let mut versions = self.versions.clone();
            versions.remove(index + 1);
            smaller.push(Self { versions });
        }
        let names: std::collections::BTreeSet<usize> = self.versions.iter().flatten().map(|w| w.name).collect();
        for name in names {
            let mut versions = self.versions.clone();
            for version in &mut versions {
                version.retain(|wanted| wanted.name != name);
                version.iter_mut().for_each(|wanted| wanted.from.retain(|from| *from != name));
            }
            if versions.iter().all(|version| !version.is_empty()) {
                smaller.push(Self { versions });
            }
        }
        smaller
    }
}

fn resource(name: usize, random: &mut Random) -> Wanted {
    let kind = ["fake/quick", "fake/slow", "fake/first"][random.below(3) as usize];
    Wanted { name, kind, size: random.below(3), zone: random.below(2), from: references(name, random) }
}

fn references(name: usize, random: &mut Random) -> Vec<usize> {
    (0..name).filter(|_| random.chance(30)).collect()
}

/// The version as a stack file.
pub(crate) fn text(version: &Version) -> String {
    let mut text = "maps: v1\nstack: sim\nplugins: {fake: {source: fake}}\nresources:\n".to_owned();
    for Wanted { name, kind, size, zone, from } in version {
        let from: Vec<String> = from.iter().map(|from| format!("\"${{r{from}.value}}\"")).collect();
        let from = from.join(", ");
        let _ = writeln!(
            text,
            "  r{name}: {{type: {kind}, with: {{name: n{name}, size: {size}, zone: {zone}, from: [{from}]}}}}"
        );
    }
    text += "outputs:\n";
    for wanted in version {
        let _ = writeln!(text, "  o{}: \"${{r{}.value}}\"", wanted.name, wanted.name);
    }
    text
}

pub(crate) fn parse(text: &str) -> Stack {
    let sources = BTreeMap::from([("stack.yaml".to_owned(), text.as_bytes().to_vec())]);
    let parameters = Parameters { given: &BTreeMap::new(), environment: &|_| None, plant: None };
    let parsed = Stack::parse(&sources, "stack.yaml", None, parameters);
    parsed.stack.unwrap_or_else(|| panic!("{text}\n{:?}", parsed.diagnostics))
}
