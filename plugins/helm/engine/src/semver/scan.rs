//! Finds the parts of a version in a text, for versions and constraints alike.

/// The parts of a version, as they are written; what is not there is empty.
#[derive(Debug, PartialEq)]
pub(super) struct Parts<'a> {
    pub(super) major: &'a str,
    pub(super) minor: &'a str,
    pub(super) patch: &'a str,
    /// Without its hyphen.
    pub(super) prerelease: &'a str,
    /// Without its plus sign.
    pub(super) metadata: &'a str,
    /// How many bytes of the text all of it took.
    pub(super) end: usize,
}

/// The longest version that `text` starts with; `number` says which bytes are part of its three numbers.
pub(super) fn scan(text: &str, number: fn(u8) -> bool) -> Option<Parts<'_>> {
    let bytes = text.as_bytes();
    let run = |from: usize, class: fn(u8) -> bool| {
        bytes.get(from..).map_or(from, |rest| from + rest.iter().take_while(|byte| class(**byte)).count())
    };
    // Everything that is cut out begins and ends beside ASCII, so these ranges are on characters' borders.
    let cut = |from: usize, to: usize| text.get(from..to).unwrap_or_default();
    let start = usize::from(bytes.first() == Some(&b'v'));
    let mut end = run(start, number);
    if end == start {
        return None;
    }
    let major = cut(start, end);
    let mut numbers = ["", ""];
    for slot in &mut numbers {
        if bytes.get(end) != Some(&b'.') {
            break;
        }
        let stop = run(end + 1, number);
        if stop == end + 1 {
            break;
        }
        *slot = cut(end + 1, stop);
        end = stop;
    }
    let identifiers = |from: usize| {
        let mut stop = run(from, identifier);
        while stop > from && bytes.get(stop) == Some(&b'.') {
            let next = run(stop + 1, identifier);
            if next == stop + 1 {
                break;
            }
            stop = next;
        }
        stop
    };
    let mut tail = |sign: u8| {
        if bytes.get(end) != Some(&sign) {
            return "";
        }
        let stop = identifiers(end + 1);
        if stop == end + 1 {
            return "";
        }
        let found = cut(end + 1, stop);
        end = stop;
        found
    };
    let prerelease = tail(b'-');
    let metadata = tail(b'+');
    Some(Parts { major, minor: numbers[0], patch: numbers[1], prerelease, metadata, end })
}

fn identifier(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || byte == b'-'
}
