//! From a pattern's nodes to the matchers that gobwas/glob makes of them.

use super::Node;
use super::matcher::{Matcher, Tree};

/// The matcher of nodes in a row.
pub(super) fn pattern(nodes: &[Node]) -> Matcher {
    if nodes.is_empty() {
        return Matcher::Nothing;
    }
    optimized(joined(minimized(nodes.iter().map(|node| optimized(single(node))).collect())))
}

fn single(node: &Node) -> Matcher {
    match node {
        Node::Text(text) => Matcher::Text(text.clone().into_bytes()),
        Node::Any => Matcher::Any,
        Node::Super => Matcher::Super,
        Node::Single => Matcher::Single,
        Node::OneOf { characters, not } => Matcher::List { characters: characters.clone(), not: *not },
        Node::Between { low, high, not } => Matcher::Range { low: *low, high: *high, not: *not },
        Node::Alternatives(alternatives) => any_of(alternatives),
    }
}

/// Alternatives; what they have in common at both ends is taken out first.
fn any_of(alternatives: &[Vec<Node>]) -> Matcher {
    let (left, right) = common(alternatives);
    if left == 0 && right == 0 {
        return Matcher::AnyOf(alternatives.iter().map(|nodes| optimized(pattern(nodes))).collect());
    }
    // All have at least as many nodes as they have in common.
    let of = |nodes: &[Node], from: usize, to: usize| nodes.get(from..to).unwrap_or_default().to_vec();
    let mut middles: Vec<Vec<Node>> = Vec::new();
    for nodes in alternatives {
        let middle = of(nodes, left, nodes.len() - right);
        if !middles.contains(&middle) {
            middles.push(middle);
        }
    }
    let first = alternatives.first().map(Vec::as_slice).unwrap_or_default();
    let mut parts = Vec::new();
    if left > 0 {
        parts.push(pattern(&of(first, 0, left)));
    }
    match &middles[..] {
        [middle] if middle.is_empty() => {}
        [middle] => parts.push(pattern(middle)),
        middles => parts.push(any_of(middles)),
    }
    if right > 0 {
        parts.push(pattern(&of(first, first.len() - right, first.len())));
    }
    optimized(joined(minimized(parts.into_iter().map(optimized).collect())))
}

/// How many nodes all alternatives have in common at their beginnings and at their ends, which do not overlap.
fn common(alternatives: &[Vec<Node>]) -> (usize, usize) {
    let Some((index, least)) = alternatives.iter().enumerate().min_by_key(|(_, nodes)| nodes.len()) else {
        return (0, 0);
    };
    if alternatives.len() < 2 {
        return (0, 0);
    }
    let (mut left, mut right) = (0, 0);
    let (mut left_ends, mut right_ends) = (false, false);
    for at in 0..least.len() {
        let from_end = least.len() - 1 - at;
        if left + right >= least.len() || (left_ends && right_ends) {
            break;
        }
        for (number, nodes) in alternatives.iter().enumerate() {
            if number == index || (left_ends && right_ends) {
                continue;
            }
            left_ends |= least.get(at) != nodes.get(at);
            right_ends |= !left_ends && from_end <= at;
            right_ends |= least.get(from_end) != nodes.get(from_end + nodes.len() - least.len());
        }
        left += usize::from(!left_ends);
        right += usize::from(!right_ends);
    }
    (left, right)
}

/// Puts runs of matchers together, the longest first, until none is left.
fn minimized(matchers: Vec<Matcher>) -> Vec<Matcher> {
    let mut best: Option<(Matcher, usize, usize)> = None;
    for from in 0..matchers.len() {
        for to in (from + 1..=matchers.len()).rev() {
            let Some(glued) = matchers.get(from..to).and_then(glued) else { continue };
            let better = best.as_ref().is_none_or(|(known, start, end)| {
                let longer = known.length().zip(glued.length()).is_some_and(|(known, glued)| glued > known);
                longer || end - start < to - from
            });
            if better {
                best = Some((glued, from, to));
            }
        }
    }
    let Some((glued, from, to)) = best else {
        return matchers;
    };
    let before = matchers.len();
    let mut next = matchers;
    next.splice(from..to, [glued]);
    if next.len() == before { next } else { minimized(next) }
}

/// One matcher for some that follow each other: by what they exclude, or by their fixed lengths.
fn glued(matchers: &[Matcher]) -> Option<Matcher> {
    if matchers.len() < 2 {
        return None;
    }
    as_every(matchers).or_else(|| {
        let length = matchers.iter().map(Matcher::length).sum::<Option<usize>>()?;
        Some(Matcher::Row(length, matchers.to_vec()))
    })
}

fn as_every(matchers: &[Matcher]) -> Option<Matcher> {
    let (mut any, mut all, mut least) = (false, false, 0);
    let mut excluded: Option<&[char]> = None;
    for matcher in matchers {
        let own: &[char] = match matcher {
            Matcher::Super => {
                all = true;
                &[]
            }
            Matcher::Any => {
                any = true;
                &['/']
            }
            Matcher::Single => {
                least += 1;
                &['/']
            }
            Matcher::List { characters, not: true } => {
                least += 1;
                characters
            }
            _ => return None,
        };
        if **excluded.get_or_insert(own) != *own {
            return None;
        }
    }
    let excluded = excluded.unwrap_or_default();
    if all && !any && least == 0 {
        return Some(Matcher::Super);
    }
    if any && !all && least == 0 {
        return Some(Matcher::Any);
    }
    if (any || all) && least > 0 && excluded.is_empty() {
        return Some(Matcher::Min(least));
    }
    let mut every = Vec::new();
    if least > 0 {
        every.push(Matcher::Min(least));
        if !any && !all {
            every.push(Matcher::Max(least));
        }
    }
    if !excluded.is_empty() {
        every.push(Matcher::Without(excluded.iter().collect::<String>().into_bytes()));
    }
    Some(Matcher::Every(every))
}

/// One matcher for all: around the longest of fixed length, or from the first on.
fn joined(mut matchers: Vec<Matcher>) -> Matcher {
    if let [_] = &matchers[..] {
        return matchers.pop().unwrap_or(Matcher::Nothing);
    }
    if let Some(glued) = glued(&matchers) {
        return glued;
    }
    let lengths = matchers.iter().enumerate().filter_map(|(index, matcher)| Some((matcher.length()?, index)));
    let Some((_, index)) = lengths.max() else {
        if matchers.is_empty() {
            return Matcher::Nothing;
        }
        let right = matchers.split_off(1);
        let value = matchers.pop().unwrap_or(Matcher::Nothing);
        return Matcher::Tree(Box::new(Tree::new(value, None, Some(joined(right)))));
    };
    let right = matchers.split_off(index + 1);
    let value = matchers.pop().unwrap_or(Matcher::Nothing);
    let side = |side: Vec<Matcher>| if side.is_empty() { None } else { Some(joined(side)) };
    Matcher::Tree(Box::new(Tree::new(value, side(matchers), side(right))))
}

/// A simpler matcher for the same.
fn optimized(matcher: Matcher) -> Matcher {
    match matcher {
        Matcher::AnyOf(mut any) if any.len() == 1 => any.pop().unwrap_or(Matcher::Nothing),
        Matcher::List { characters, not: false } if characters.len() == 1 => {
            Matcher::Text(characters.into_iter().collect::<String>().into_bytes())
        }
        Matcher::Tree(mut tree) => {
            tree.left = tree.left.take().map(optimized);
            tree.right = tree.right.take().map(optimized);
            let Matcher::Text(text) = &tree.value else {
                return Matcher::Tree(tree);
            };
            let text = text.clone();
            match (&tree.left, &tree.right) {
                (None, None) => Matcher::Text(text),
                (Some(Matcher::Super), Some(Matcher::Super)) => Matcher::Contains(text),
                (Some(Matcher::Super), None) => Matcher::Suffix(text),
                (None, Some(Matcher::Super)) => Matcher::Prefix(text),
                (None, Some(Matcher::Suffix(suffix))) => Matcher::PrefixSuffix(text, suffix.clone()),
                (Some(Matcher::Prefix(prefix)), None) => Matcher::PrefixSuffix(prefix.clone(), text),
                (Some(Matcher::Any), None) => Matcher::SuffixAny(text),
                (None, Some(Matcher::Any)) => Matcher::PrefixAny(text),
                _ => Matcher::Tree(tree),
            }
        }
        matcher => matcher,
    }
}
