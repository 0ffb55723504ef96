//! What depends on what: a stable order, and cycles told with every edge on them.

use std::collections::{BTreeMap, BTreeSet};

use crate::diagnostic::{Diagnostic, Span};
use crate::expr::Reference;
use crate::name::Address;
use crate::stack::Stack;

/// The dependencies of a stack's resources.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Graph {
    /// Every resource after all that it depends on; among equals, by address.
    order: Vec<Address>,
    dependencies: BTreeMap<Address, BTreeSet<Address>>,
    dependants: BTreeMap<Address, BTreeSet<Address>>,
}

impl Graph {
    /// The graph of a stack.
    ///
    /// # Errors
    /// One diagnostic for each cycle.
    pub fn of(stack: &Stack) -> Result<Self, Vec<Diagnostic>> {
        let edges = stack.resources.values().map(|resource| {
            // What is not in the stack has been told by whoever read the reference.
            let known = resource.depends_on.iter().filter(|address| stack.resources.contains_key(*address));
            (resource.address.clone(), known.cloned().collect())
        });
        Self::new(edges.collect()).map_err(|cycles| cycles.iter().map(|cycle| describe(stack, cycle)).collect())
    }

    /// A graph from each address to those it depends on; all of them are keys.
    ///
    /// # Errors
    /// Cycles: each a list of addresses, every one depending on the next, the last on the first.
    pub fn new(dependencies: BTreeMap<Address, BTreeSet<Address>>) -> Result<Self, Vec<Vec<Address>>> {
        let mut dependants: BTreeMap<Address, BTreeSet<Address>> = BTreeMap::new();
        let mut waiting: BTreeMap<&Address, usize> = BTreeMap::new();
        for (address, needed) in &dependencies {
            waiting.insert(address, needed.len());
            for need in needed {
                dependants.entry(need.clone()).or_default().insert(address.clone());
            }
        }
        let mut ready: BTreeSet<&Address> =
            waiting.iter().filter(|(_, count)| **count == 0).map(|(address, _)| *address).collect();
        let mut order = Vec::with_capacity(dependencies.len());
        while let Some(address) = ready.pop_first() {
            order.push(address.clone());
            for dependant in dependants.get(address).into_iter().flatten() {
                if let Some(count) = waiting.get_mut(dependant) {
                    *count -= 1;
                    if *count == 0 {
                        ready.insert(dependant);
                    }
                }
            }
        }
        if order.len() < dependencies.len() {
            return Err(cycles(&dependencies, &order));
        }
        Ok(Self { order, dependencies, dependants })
    }

    /// Every resource after all that it depends on.
    pub fn order(&self) -> &[Address] {
        &self.order
    }

    /// What a resource depends on, directly.
    pub fn dependencies(&self, address: &Address) -> impl Iterator<Item = &Address> {
        self.dependencies.get(address).into_iter().flatten()
    }

    /// What depends on a resource, directly.
    pub fn dependants(&self, address: &Address) -> impl Iterator<Item = &Address> {
        self.dependants.get(address).into_iter().flatten()
    }
}

/// The cycles among what could not be ordered. Walks from each address along what is left until
/// it meets its own path; each address is walked through once, so this is linear.
fn cycles(dependencies: &BTreeMap<Address, BTreeSet<Address>>, ordered: &[Address]) -> Vec<Vec<Address>> {
    let mut done: BTreeSet<&Address> = ordered.iter().collect();
    let mut cycles = Vec::new();
    for start in dependencies.keys() {
        let mut path: Vec<&Address> = Vec::new();
        let mut on_path: BTreeMap<&Address, usize> = BTreeMap::new();
        let mut at = start;
        // What is not ordered depends on something that is not ordered either: the walk goes on
        // until it meets itself or what an earlier walk has told.
        while !done.contains(at) {
            if let Some(from) = on_path.get(at) {
                cycles.push(path[*from..].iter().map(|address| (*address).clone()).collect());
                break;
            }
            on_path.insert(at, path.len());
            path.push(at);
            let Some(next) = dependencies.get(at).into_iter().flatten().find(|next| !done.contains(*next)) else {
                break;
            };
            at = next;
        }
        done.extend(path);
    }
    cycles
}

/// A cycle, with where each of its edges comes from.
fn describe(stack: &Stack, cycle: &[Address]) -> Diagnostic {
    let edges: Vec<(Span, String)> =
        cycle.iter().zip(cycle.iter().cycle().skip(1)).filter_map(|(from, to)| edge(stack, from, to)).collect();
    let names: Vec<&str> = cycle.iter().chain(cycle.first()).map(Address::as_str).collect();
    let message = match cycle {
        [only] => format!("`{only}` depends on itself"),
        _ => format!("resources depend on one another: {}", names.join(" → ")),
    };
    let mut diagnostic = Diagnostic::error("cycle", message).help("take out one of these references");
    diagnostic.span = edges.first().map(|(span, _)| span.clone());
    diagnostic.related = edges;
    diagnostic
}

/// Where `from` says that it depends on `to`, and how.
fn edge(stack: &Stack, from: &Address, to: &Address) -> Option<(Span, String)> {
    let resource = stack.resources.get(from)?;
    let find = |references: Vec<(Reference, Span)>| {
        references.into_iter().find_map(|(reference, span)| match reference {
            Reference::Resource(address, _) if address == *to => Some(span),
            _ => None,
        })
    };
    if let Some(span) = find(resource.with.spanned_references()) {
        return Some((span, format!("`{from}` refers to `{to}`")));
    }
    if let Some((_, span)) = resource.options.depends_on.iter().find(|(address, _)| address == to) {
        return Some((span.clone(), format!("`{from}` says that it depends on `{to}`")));
    }
    let plugin = resource.kind.plugin();
    let span = find(stack.plugins.get(&plugin)?.config.spanned_references())?;
    Some((span, format!("the plugin `{plugin}` of `{from}` refers to `{to}`")))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used)]
    use super::*;

    fn graph(edges: &[(&str, &[&str])]) -> Result<Graph, Vec<Vec<Address>>> {
        let one = |(from, to): &(&str, &[&str])| (Address::new(*from), to.iter().map(|to| Address::new(*to)).collect());
        Graph::new(edges.iter().map(one).collect())
    }

    fn names<'a>(addresses: impl IntoIterator<Item = &'a Address>) -> Vec<&'a str> {
        addresses.into_iter().map(Address::as_str).collect()
    }

    #[test]
    fn the_order_depends_on_addresses_and_not_on_the_file() {
        let one = graph(&[("c", &["a"]), ("a", &[]), ("b", &[]), ("d", &["c", "b"])]).unwrap();
        let other = graph(&[("d", &["b", "c"]), ("b", &[]), ("c", &["a"]), ("a", &[])]).unwrap();
        assert_eq!(names(one.order()), ["a", "b", "c", "d"]);
        assert_eq!(one, other);
        assert_eq!(names(one.dependants(&Address::new("a"))), ["c"]);
        assert_eq!(names(one.dependencies(&Address::new("d"))), ["b", "c"]);
    }

    #[test]
    fn every_cycle_is_told_once_with_all_that_is_on_it() {
        let edges: &[(&str, &[&str])] = &[
            ("a", &["b"]),
            ("b", &["c"]),
            ("c", &["a"]),
            ("x", &["y"]),
            ("y", &["x"]),
            ("z", &["a", "z"]),
            ("free", &[]),
        ];
        let cycles = graph(edges).unwrap_err();
        let cycles: Vec<Vec<&str>> = cycles.iter().map(names).collect();
        assert_eq!(cycles, [vec!["a", "b", "c"], vec!["x", "y"], vec!["z"]]);
    }

    #[test]
    fn a_long_chain_needs_no_stack() {
        let address = |n: usize| Address::new(format!("r{n:06}"));
        let chain = |closed: bool| {
            let edges = (0..100_000).map(|n| {
                let next = if n + 1 < 100_000 { Some(address(n + 1)) } else { closed.then(|| address(0)) };
                (address(n), next.into_iter().collect())
            });
            Graph::new(edges.collect())
        };
        assert_eq!(chain(false).unwrap().order().first(), Some(&address(99_999)));
        assert_eq!(chain(true).unwrap_err()[0].len(), 100_000);
    }
}
