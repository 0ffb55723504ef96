//! PEM, written and read as Go's `encoding/pem` does.

use bstr::ByteSlice;

use super::super::encoding::{base64_decode, base64_encode};

const LINE: usize = 64;

/// The block of this label.
pub(super) fn encode(label: &str, bytes: &[u8]) -> Vec<u8> {
    let mut out = format!("-----BEGIN {label}-----\n").into_bytes();
    for line in base64_encode(bytes).chunks(LINE) {
        out.extend_from_slice(line);
        out.push(b'\n');
    }
    out.extend_from_slice(format!("-----END {label}-----\n").as_bytes());
    out
}

/// The first block that is whole: its label and its bytes. What is broken is passed over.
pub(super) fn decode(text: &[u8]) -> Option<(&[u8], Vec<u8>)> {
    const BEGIN: &[u8] = b"-----BEGIN ";
    const END: &[u8] = b"\n-----END ";
    let mut rest = text;
    loop {
        // At the very beginning, or after a line's end.
        rest = match rest.strip_prefix(BEGIN) {
            Some(after) => after,
            None => rest.get(rest.find(b"\n-----BEGIN ")? + 1 + BEGIN.len()..)?,
        };
        let (label, after) = line(rest);
        rest = after;
        let Some(label) = label.strip_suffix(b"-----") else { continue };
        let mut headers = false;
        loop {
            if rest.is_empty() {
                return None;
            }
            let (first, next) = line(rest);
            if !first.contains(&b':') {
                break;
            }
            headers = true;
            rest = next;
        }
        let (body, trailer) = match rest.strip_prefix(&END[1..]) {
            Some(trailer) if !headers => (&rest[..0], trailer),
            _ => match rest.split_once_str(END) {
                Some(parts) => parts,
                None => continue,
            },
        };
        let closed = trailer.strip_prefix(label).and_then(|after| after.strip_prefix(b"-----"));
        if closed.is_none_or(|after| !line(after).0.is_empty()) {
            continue;
        }
        let body: Vec<u8> = body.iter().copied().filter(|byte| !matches!(byte, b' ' | b'\t')).collect();
        if let Ok(bytes) = base64_decode(&body) {
            return Some((label, bytes));
        }
    }
}

/// The first line without its end and trailing space, and what follows it.
fn line(text: &[u8]) -> (&[u8], &[u8]) {
    let (line, rest) = match text.find_byte(b'\n') {
        Some(end) => (&text[..end], &text[end + 1..]),
        None => (text, &text[text.len()..]),
    };
    let line = line.strip_suffix(b"\r").unwrap_or(line);
    (line.trim_end_with(|character| matches!(character, ' ' | '\t')), rest)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn blocks_are_written_and_read() {
        for length in [0, 1, 47, 48, 49, 200] {
            let bytes = (0..length).collect::<Vec<u8>>();
            let text = encode("A KEY", &bytes);
            assert!(text.lines().all(|line| line.len() <= LINE));
            assert_eq!(decode(&text), Some((&b"A KEY"[..], bytes)));
        }
    }

    #[test]
    fn what_is_broken_is_passed_over() {
        for (text, found) in [
            ("", None),
            ("-----BEGIN A-----", None),
            ("-----BEGIN A-----\nAAAA\n-----END B-----\n", None),
            ("-----BEGIN A-----\nA!AA\n-----END A-----\n", None),
            ("text -----BEGIN A-----\nAAAA\n-----END A-----\n", None),
            ("text\n-----BEGIN A-----\nAAAA\n-----END A-----\n", Some("A")),
            ("-----BEGIN A-----\nKey: value\n\nAAAA\n-----END A-----", Some("A")),
            ("-----BEGIN A-----\r\nAA AA\r\n-----END A-----  \r\n", Some("A")),
            ("-----BEGIN A-----\n-----END A-----\n", Some("A")),
            ("-----BEGIN A-----\n!\n-----END A-----\n-----BEGIN B-----\nAAAA\n-----END B-----\n", Some("B")),
        ] {
            let label = decode(text.as_bytes()).map(|(label, _)| label);
            assert_eq!(label, found.map(str::as_bytes), "{text:?}");
        }
    }
}
