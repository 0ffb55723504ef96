//! The order of a mapping's keys in emitted YAML: natural, so that `a2` comes before `a10`.

use std::cmp::Ordering;

/// Which go-yaml orders: they differ where a letter meets something else behind a digit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Version {
    V2,
    V3,
}

/// Sorts by the keys' texts.
///
/// go-yaml's comparison is no total order once digits overflow an int64, and the standard library's sort may
/// panic on such a one; this merge sort ends in some order whatever the comparison says.
pub(super) fn sort<T: Clone>(items: &mut Vec<T>, text: impl Fn(&T) -> &str, version: Version) {
    let mut width = 1;
    while width < items.len() {
        let mut merged = Vec::with_capacity(items.len());
        for pair in items.chunks(width.saturating_mul(2)) {
            let (left, right) = pair.split_at(width.min(pair.len()));
            let (mut left, mut right) = (left.iter().peekable(), right.iter().peekable());
            while let (Some(a), Some(b)) = (left.peek(), right.peek()) {
                let from = if less(text(b), text(a), version) { &mut right } else { &mut left };
                merged.extend(from.next().cloned());
            }
            merged.extend(left.cloned());
            merged.extend(right.cloned());
        }
        *items = merged;
        width = width.saturating_mul(2);
    }
}

/// Whether go-yaml puts `a` before `b`.
fn less(a: &str, b: &str, version: Version) -> bool {
    let mut same = a.bytes().zip(b.bytes()).take_while(|(a, b)| a == b).count();
    while !a.is_char_boundary(same) || !b.is_char_boundary(same) {
        same -= 1;
    }
    let (common, rest_a) = a.split_at(same);
    let rest_b = b.get(same..).unwrap_or_default();
    let (Some(first_a), Some(first_b)) = (rest_a.chars().next(), rest_b.chars().next()) else {
        return rest_a.is_empty() && !rest_b.is_empty();
    };
    match (first_a.is_alphabetic(), first_b.is_alphabetic()) {
        (true, true) => return first_a < first_b,
        (false, false) => {}
        (letter_a, letter_b) => {
            let after_digit = version == Version::V3 && common.ends_with(|last: char| last.is_ascii_digit());
            return if after_digit { letter_a } else { letter_b };
        }
    }
    // A zero inside a number counts as a digit of it, not as a leading one.
    let inside = (first_a == '0' || first_b == '0')
        && common.bytes().rev().take_while(u8::is_ascii_digit).any(|digit| digit != b'0');
    let (number_a, length_a) = number(rest_a, inside);
    let (number_b, length_b) = number(rest_b, inside);
    match number_a.cmp(&number_b).then(length_a.cmp(&length_b)) {
        Ordering::Equal => first_a < first_b,
        unequal => unequal.is_lt(),
    }
}

/// The number at the start of `text` and how many digits it has; with `inside`, behind a digit that is not shown.
fn number(text: &str, inside: bool) -> (i64, usize) {
    let digits = text.bytes().take_while(u8::is_ascii_digit);
    digits.fold((i64::from(inside), 0), |(number, length), digit| {
        (number.wrapping_mul(10).wrapping_add(i64::from(digit - b'0')), length + 1)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_come_in_natural_order() {
        let mut keys = vec!["b", "a10", "a2", "A", "a-b", "a_b", "ab", "a", "1", "10", "2", "a01", "a1", "é", "z"];
        sort(&mut keys, |key| key, Version::V2);
        assert_eq!(keys, ["1", "2", "10", "A", "a", "a-b", "a_b", "a1", "a01", "a2", "a10", "ab", "b", "z", "é"]);
    }

    #[test]
    fn versions_differ_behind_digits() {
        let keys = vec!["1a", "1-"];
        for (version, expected) in [(Version::V2, ["1-", "1a"]), (Version::V3, ["1a", "1-"])] {
            let mut sorted = keys.clone();
            sort(&mut sorted, |key| key, version);
            assert_eq!(sorted, expected);
        }
    }

    #[test]
    fn numbers_beyond_an_int64_end_too() {
        let mut keys: Vec<String> = (0..50).map(|length| "9".repeat(length)).collect();
        sort(&mut keys, |key| key, Version::V2);
        assert_eq!(keys.len(), 50);
    }
}
