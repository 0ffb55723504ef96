//! `options:` of a resource, and addresses as people write them.

use super::model::Options;
use super::read::Reader;
use super::yaml::{Kind, Node, shown};
use crate::diagnostic::{Diagnostic, MAX_ERRORS, Span, suggest};
use crate::expr::{Instances, Names};
use crate::name::Address;

/// The longest that an operation may be waited for.
const MAX_TIMEOUT_MS: u64 = 24 * 60 * 60 * 1000;

/// What can stand in `options:`.
pub(super) const KEYS: &[&str] = &[
    "depends_on",
    "protect",
    "retain",
    "ignore_changes",
    "replace_on_changes",
    "delete_before_replace",
    "timeouts",
    "import",
];

/// `options:`
pub(super) fn options(node: Option<&Node>, names: &Names, reader: &mut Reader<'_>) -> Options {
    let mut options = Options::default();
    let Some(fields) = node.and_then(|node| reader.fields(node, "`options`", KEYS)) else { return options };
    if let Some(node) = fields.get("depends_on") {
        for (text, span) in reader.texts(node, "`depends_on`") {
            options
                .depends_on
                .extend(addresses(&text, &span, names, reader).into_iter().map(|address| (address, span.clone())));
        }
    }
    let mut truth = |key: &'static str| fields.get(key).and_then(|node| reader.truth(node, &format!("`{key}`")));
    options.protect = truth("protect").unwrap_or(false);
    options.retain = truth("retain").unwrap_or(false);
    options.delete_before_replace = truth("delete_before_replace");
    for (key, paths) in
        [("ignore_changes", &mut options.ignore_changes), ("replace_on_changes", &mut options.replace_on_changes)]
    {
        if let Some(node) = fields.get(key) {
            paths.extend(reader.texts(node, &format!("`{key}`")).into_iter().map(|(path, _)| path));
        }
    }
    for entry in fields.get("timeouts").and_then(|node| reader.map(node, "`timeouts`")).unwrap_or_default() {
        const OPERATIONS: [&str; 3] = ["create", "update", "delete"];
        if !OPERATIONS.contains(&&*entry.key) {
            reader.unknown_key(entry, "`timeouts`", OPERATIONS);
        } else if let Some(milliseconds) = timeout(&entry.value, reader) {
            options.timeouts.insert(entry.key.to_string(), milliseconds);
        }
    }
    options.import = fields.get("import").and_then(|node| reader.text(node, "`import`")).filter(|id| !id.is_empty());
    options
}

/// The resources that an address stands for: `release` stands for all its instances.
pub(super) fn addresses(text: &str, span: &Span, names: &Names, reader: &mut Reader<'_>) -> Vec<Address> {
    // Each of many would look for what it might have meant among many.
    let silent = reader.diagnostics.len() >= MAX_ERRORS;
    let address = Address::new(text);
    let (name, key) = address.parts();
    let help = match (names.resources.get(name), key) {
        (Some(Instances::One), None) => return vec![address],
        (Some(Instances::Left), _) => return Vec::new(),
        (Some(Instances::Each(keys)), None) => return keys.iter().map(|key| Address::instance(name, key)).collect(),
        (Some(Instances::Each(keys)), Some(key)) if keys.contains(key) => return vec![address],
        (Some(Instances::Each(keys)), Some(key)) => suggest(key, keys.iter().map(String::as_str)),
        (Some(Instances::One), Some(_)) => Some(format!("`{name}` has no `each`: write `{name}`")),
        (None, _) if silent => None,
        (None, _) => suggest(name, names.resources.keys().map(String::as_str)),
    };
    let message = format!("there is no resource `{}`", shown(text));
    reader.push(Diagnostic::error("unknown-resource", message).at(span).maybe_help(help));
    Vec::new()
}

/// An address that need not be in the stack any more.
pub(super) fn address(node: &Node, what: &str, reader: &mut Reader<'_>) -> Option<Address> {
    let text = reader.text(node, what)?;
    let address = Address::parse(&text);
    if address.is_none() {
        let message = format!("`{}` is no address", shown(&text));
        reader.push(
            Diagnostic::error("bad-address", message)
                .at(&node.span)
                .help("write `cluster`, or `'release[\"cert-manager\"]'`"),
        );
    }
    address
}

fn timeout(node: &Node, reader: &mut Reader<'_>) -> Option<u64> {
    let parsed = match &node.kind {
        Kind::String(text) => duration(&text.value).filter(|ms| (1..=MAX_TIMEOUT_MS).contains(ms)),
        _ => None,
    };
    if parsed.is_none() {
        let diagnostic = Diagnostic::error("bad-duration", "a timeout is a duration of at most 24 hours");
        reader.push(diagnostic.at(&node.span).help("write it like `90s`, `20m` or `1h30m`"));
    }
    parsed
}

/// `1h30m`, `90s`, `500ms` in milliseconds. Every number has a unit, each unit stands once, and
/// the larger comes first.
fn duration(text: &str) -> Option<u64> {
    const UNITS: [(&str, u64); 4] = [("h", 3_600_000), ("m", 60_000), ("s", 1_000), ("ms", 1)];
    let (mut rest, mut total, mut largest) = (text, 0_u64, 0);
    while !rest.is_empty() {
        let digits = rest.find(|c: char| !c.is_ascii_digit())?;
        let number: u64 = rest[..digits].parse().ok()?;
        let after = &rest[digits..];
        let letters = after.find(|c: char| c.is_ascii_digit()).unwrap_or(after.len());
        let unit = UNITS.iter().position(|(name, _)| *name == &after[..letters])?;
        if unit < largest {
            return None;
        }
        largest = unit + 1;
        total = total.checked_add(number.checked_mul(UNITS[unit].1)?)?;
        rest = &after[letters..];
    }
    (!text.is_empty()).then_some(total)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_are_read_and_nothing_like_them_is() {
        for (text, expected) in
            [("20m", 1_200_000), ("1h30m", 5_400_000), ("90s", 90_000), ("500ms", 500), ("1m1ms", 60_001)]
        {
            assert_eq!(duration(text), Some(expected), "{text}");
        }
        for text in [
            "",
            "20",
            "m",
            "1.5h",
            "-1s",
            "1s1s",
            "1s1m",
            "1d",
            "99999999999999999999s",
            "18446744073709551615h",
            "1 h",
        ] {
            assert_eq!(duration(text), None, "{text}");
        }
    }
}
