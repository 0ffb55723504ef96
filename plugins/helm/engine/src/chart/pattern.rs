//! Go's `filepath.Match`: shell patterns in which `*` and `?` do not match a slash.

use bstr::ByteSlice;

/// A pattern that is none.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("syntax error in pattern")]
pub(super) struct BadPattern;

/// Whether the pattern matches the whole name.
pub(super) fn matches(mut pattern: &[u8], mut name: &[u8]) -> Result<bool, BadPattern> {
    'pattern: while !pattern.is_empty() {
        let (star, chunk, rest) = next_chunk(pattern);
        pattern = rest;
        if star && chunk.is_empty() {
            return Ok(!name.contains(&b'/'));
        }
        if let Some(left) = match_chunk(chunk, name)?
            && (left.is_empty() || !pattern.is_empty())
        {
            name = left;
            continue;
        }
        if star {
            for skipped in 1..=name.len() {
                // Both are within the name: `skipped` counts from one to its length.
                if name[skipped - 1] == b'/' {
                    break;
                }
                if let Some(left) = match_chunk(chunk, &name[skipped..])? {
                    if pattern.is_empty() && !left.is_empty() {
                        continue;
                    }
                    name = left;
                    continue 'pattern;
                }
            }
        }
        // What comes after a mismatch must be a pattern all the same.
        while !pattern.is_empty() {
            let (_, chunk, rest) = next_chunk(pattern);
            match_chunk(chunk, b"")?;
            pattern = rest;
        }
        return Ok(false);
    }
    Ok(name.is_empty())
}

/// The pattern's next piece without stars, and whether a star is before it.
fn next_chunk(pattern: &[u8]) -> (bool, &[u8], &[u8]) {
    let stars = pattern.iter().take_while(|byte| **byte == b'*').count();
    let (_, pattern) = pattern.split_at(stars);
    let mut in_class = false;
    let mut escaped = false;
    let end = pattern.iter().position(|byte| {
        if escaped {
            escaped = false;
            return false;
        }
        match byte {
            b'\\' => escaped = true,
            b'[' => in_class = true,
            b']' => in_class = false,
            b'*' => return !in_class,
            _ => {}
        }
        false
    });
    let (chunk, rest) = pattern.split_at(end.unwrap_or(pattern.len()));
    (stars > 0, chunk, rest)
}

/// What is left of the name after the chunk; `None` where it does not match. The whole chunk is read, to find
/// what is wrong with it.
fn match_chunk<'a>(mut chunk: &[u8], mut name: &'a [u8]) -> Result<Option<&'a [u8]>, BadPattern> {
    let mut failed = false;
    while let [first, rest @ ..] = chunk {
        failed |= name.is_empty();
        match first {
            b'[' => {
                let mut character = '\0';
                if !failed {
                    (character, name) = next_character(name);
                }
                let (matched, rest) = match_class(rest, character)?;
                failed |= !matched;
                chunk = rest;
            }
            b'?' => {
                if !failed {
                    failed = name.starts_with(b"/");
                    (_, name) = next_character(name);
                }
                chunk = rest;
            }
            _ => {
                let (literal, rest) = match (first, rest) {
                    (b'\\', [literal, rest @ ..]) => (literal, rest),
                    (b'\\', []) => return Err(BadPattern),
                    _ => (first, rest),
                };
                if let ([byte, left @ ..], false) = (name, failed) {
                    failed = byte != literal;
                    name = left;
                }
                chunk = rest;
            }
        }
    }
    Ok((!failed).then_some(name))
}

/// Whether a class, from behind its bracket, holds the character; and what comes after it.
fn match_class(chunk: &[u8], character: char) -> Result<(bool, &[u8]), BadPattern> {
    let (negated, mut chunk) = match chunk {
        [b'^', rest @ ..] => (true, rest),
        _ => (false, chunk),
    };
    let mut matched = false;
    let mut first = true;
    loop {
        if let ([b']', rest @ ..], false) = (chunk, first) {
            return Ok((matched != negated, rest));
        }
        let (low, rest) = class_member(chunk)?;
        let (high, rest) = match rest {
            [b'-', rest @ ..] => class_member(rest)?,
            _ => (low, rest),
        };
        matched |= (low..=high).contains(&character);
        chunk = rest;
        first = false;
    }
}

fn class_member(chunk: &[u8]) -> Result<(char, &[u8]), BadPattern> {
    let chunk = match chunk {
        [] | [b'-' | b']', ..] => return Err(BadPattern),
        [b'\\', rest @ ..] => rest,
        _ => chunk,
    };
    let (Some(character), size) = bstr::decode_utf8(chunk) else { return Err(BadPattern) };
    match chunk.get(size..) {
        Some(rest) if !rest.is_empty() => Ok((character, rest)),
        _ => Err(BadPattern),
    }
}

fn next_character(name: &[u8]) -> (char, &[u8]) {
    let (character, size) = bstr::decode_utf8(name);
    (character.unwrap_or(char::REPLACEMENT_CHARACTER), name.get(size..).unwrap_or_default().as_bytes())
}
