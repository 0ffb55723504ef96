//! Which changes of a refused batch are to blame: Route 53 says it in its message only.
//!
//! The message lists mistakes: `[Tried to create resource record set [name='a.example.com.', type='A']
//! but it already exists, RRSet of type CNAME with DNS name …]`.

use crate::name::Name;
use crate::wire::RecordSet;

/// How a mistake begins. Mistakes are parted by commas, which are in them too.
const BEGINNINGS: [&str; 8] = [
    "Tried to ",
    "RRSet ",
    "Invalid Resource Record",
    "Duplicate Resource Record",
    "Multivalue answer RRSet",
    "A HostedZone ",
    "The request ",
    "Number of ",
];

/// For each record, the mistake that concerns it; none where the message names no such.
pub(crate) fn blamed<'m>(message: &'m str, records: &[&RecordSet]) -> Vec<Option<&'m str>> {
    let mistakes: Vec<(&str, Vec<Subject>)> =
        mistakes(message).into_iter().map(|mistake| (mistake, subjects(mistake))).collect();
    let concerns = |record: &RecordSet| {
        let mut told = mistakes.iter().filter(|(_, subjects)| subjects.iter().any(|subject| subject.is(record)));
        told.next().map(|(mistake, _)| *mistake)
    };
    records.iter().map(|record| concerns(record)).collect()
}

/// The mistakes in a message, one by one. Of a message that was cut off, the last is left out, if it is
/// not the only one: it may say half of what it is about.
pub(crate) fn mistakes(message: &str) -> Vec<&str> {
    let said = message.rsplit_once(" (request ").map_or(message, |(said, _)| said);
    let Some((_, inside)) = said.split_once('[') else { return vec![said] };
    let (inside, is_whole) = inside.strip_suffix(']').map_or((inside, false), |inside| (inside, true));
    let mut found = Vec::new();
    let mut begin = 0;
    for (at, _) in inside.match_indices(", ") {
        if BEGINNINGS.iter().any(|beginning| inside[at + 2..].starts_with(beginning)) {
            found.push(&inside[begin..at]);
            begin = at + 2;
        }
    }
    if is_whole || found.is_empty() {
        found.push(&inside[begin..]);
    }
    found
}

/// What a mistake is about.
#[derive(Debug, PartialEq, Eq)]
enum Subject {
    /// A record by its name, and by what else is told of it.
    Record { name: Name, kind: Option<String>, set: Option<String> },
    /// Any alias of this target.
    AliasOf { name: Name, kind: String },
}

impl Subject {
    fn is(&self, record: &RecordSet) -> bool {
        match self {
            Self::Record { name, kind, set } => {
                Name::new(&record.name) == *name
                    && kind.as_ref().is_none_or(|kind| *kind == record.kind)
                    && set.as_ref().is_none_or(|set| record.set_identifier.as_ref() == Some(set))
            }
            Self::AliasOf { name, kind } => {
                let target = record.alias_target.as_ref().map(|target| Name::new(&target.dns_name));
                target.as_ref() == Some(name) && record.kind == *kind
            }
        }
    }
}

/// The texts in which Route 53 names records.
fn subjects(mistake: &str) -> Vec<Subject> {
    let mut found = Vec::new();
    // [name='a.example.com.', type='A', set-identifier='blue']
    for (_, rest) in each_after(mistake, "[name='") {
        let Some((name, rest)) = rest.split_once("', type='") else { continue };
        let Some((kind, rest)) = rest.split_once('\'') else { continue };
        let set = ["', set-identifier='", "', set identifier='"].iter().find_map(|before| {
            let rest = rest.strip_prefix(&before[1..])?;
            rest.split_once("']").map(|(set, _)| set.to_owned())
        });
        found.push(Subject::Record { name: Name::new(name), kind: Some(kind.to_owned()), set });
    }
    // RRSet of type CNAME with DNS name a.example.com. is not permitted …
    // RRSet with DNS name a.example.com., type A, SetIdentifier blue cannot be created …
    if let Some((before, rest)) = mistake.split_once("with DNS name ") {
        let name = rest.split([' ', ',']).next().unwrap_or_default();
        let behind = &rest[name.len()..];
        let behind_type = behind.strip_prefix(", type ");
        let kind = match (before.trim_end().rsplit_once(" type "), behind_type) {
            (Some((_, kind)), _) => Some(kind.to_owned()),
            (None, Some(rest)) => rest.split([' ', ',']).next().map(str::to_owned),
            (None, None) => None,
        };
        let set = behind_type.and_then(|rest| rest.split_once(", SetIdentifier ")).and_then(|(_, rest)| {
            rest.split_once(" cannot be created").map(|(set, _)| set.to_owned()).filter(|set| set != "null")
        });
        found.push(Subject::Record { name: Name::new(name), kind, set });
    }
    // Tried to create an alias that targets b.example.com., type A in zone Z1, but …
    for (_, rest) in each_after(mistake, "an alias that targets ") {
        let Some((name, rest)) = rest.split_once(", type ") else { continue };
        let kind = rest.split([' ', ',']).next().unwrap_or_default().to_owned();
        found.push(Subject::AliasOf { name: Name::new(name), kind });
    }
    found
}

fn each_after<'t>(text: &'t str, mark: &'t str) -> impl Iterator<Item = (usize, &'t str)> {
    text.match_indices(mark).map(move |(at, _)| (at, &text[at + mark.len()..]))
}

/// What a mistake says of a record.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Mistake {
    /// It was to be made, and is there.
    Exists,
    /// It was to be removed, and is not there.
    Missing,
    /// It was to be removed, and is not as it was said to be.
    Changed,
    /// A CNAME at the zone's own name.
    Apex,
    /// Its name is not in the zone.
    Outside,
    /// Something else.
    Other,
}

impl Mistake {
    /// By what Route 53 says.
    pub(crate) fn told(text: &str) -> Self {
        let says = |part: &str| text.contains(part);
        match () {
            () if says("but it already exists") => Self::Exists,
            () if says("but it was not found") => Self::Missing,
            () if says("do not match the current values") => Self::Changed,
            () if says("is not permitted at apex") => Self::Apex,
            () if says("is not permitted in zone") => Self::Outside,
            () => Self::Other,
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn record(name: &str, kind: &str, set: Option<&str>) -> RecordSet {
        let set_identifier = set.map(str::to_owned);
        RecordSet { name: name.to_owned(), kind: kind.to_owned(), set_identifier, ..RecordSet::default() }
    }

    #[test]
    fn the_guilty_are_told_by_every_way_of_naming_them() {
        let message = "route53 ChangeResourceRecordSets was refused with InvalidChangeBatch: [Tried to create resource \
                       record set [name='a.example.com.', type='A'] but it already exists, \
                       Tried to create resource record set [name='\\052.example.com.', type='TXT', \
                       set-identifier='x, y'] but it already exists, RRSet of type CNAME with DNS name \
                       c.example.com. is not permitted as it conflicts with other records with the same DNS name in \
                       zone example.com., RRSet with DNS name d.example.org. is not permitted in zone example.com., \
                       RRSet with DNS name e.example.com., type A, SetIdentifier blue cannot be created because other \
                       RRSets exist with the same name and type] (request 0f-1)";
        assert_eq!(mistakes(message).len(), 5);
        let alias = RecordSet { alias_target: None, ..record("a.example.com", "AAAA", None) };
        let records = [
            record("a.example.com", "A", None),
            alias,
            record("*.example.com", "TXT", Some("x, y")),
            record("*.example.com", "TXT", Some("z")),
            record("c.example.com", "CNAME", None),
            record("c.example.com", "A", None),
            record("d.example.org", "MX", None),
            record("e.example.com", "A", Some("blue")),
            record("e.example.com", "A", Some("green")),
        ];
        let told = blamed(message, &records.iter().collect::<Vec<_>>());
        let kinds: Vec<Option<Mistake>> = told.into_iter().map(|told| told.map(Mistake::told)).collect();
        let (exists, other) = (Some(Mistake::Exists), Some(Mistake::Other));
        assert_eq!(kinds, [exists, None, exists, None, other, None, Some(Mistake::Outside), other, None]);
    }

    #[test]
    fn of_a_message_that_was_cut_off_the_last_mistake_is_not_believed() {
        let one = "Tried to create resource record set [name='a.example.com.', type='A'] but it already exists";
        assert_eq!(mistakes(&format!("refused: [{one}, {one}, {}… (request 1)", &one[..66])), [one, one]);
        assert_eq!(mistakes(&format!("refused: [{}…", &one[..66])).len(), 1);
        assert_eq!(mistakes("it is refused (request 1)"), ["it is refused"]);
    }

    #[test]
    fn an_alias_is_to_blame_for_its_target_and_nobody_for_a_message_without_names() {
        let mut alias = record("www.example.com", "A", None);
        alias.alias_target =
            Some(crate::wire::AliasTarget { dns_name: "b.example.com".to_owned(), ..Default::default() });
        let target = record("b.example.com", "A", None);
        let message = "[Tried to create an alias that targets b.example.com., type A in zone Z1, but that target was not \
                       found]";
        assert_eq!(blamed(message, &[&alias, &target]).iter().map(Option::is_some).collect::<Vec<_>>(), [true, false]);
        let message = "[Invalid Resource Record: 'FATAL problem: TXTRDATATooLong encountered with '\"x\"'']";
        assert_eq!(blamed(message, &[&alias, &target]), [None, None]);
    }
}
