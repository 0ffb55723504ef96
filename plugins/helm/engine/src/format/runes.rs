//! Strings by runes, as Go's `range` and `utf8` go through bytes that need not be UTF-8.

/// The first character and how many bytes it takes. `None` where the first byte begins no character: Go's
/// `RuneError` with a width of 1 (of 0 at the end).
pub(crate) fn first(bytes: &[u8]) -> (Option<char>, usize) {
    match bytes.first() {
        None => (None, 0),
        Some(&byte) if byte < 0x80 => (Some(char::from(byte)), 1),
        Some(_) => match bstr::decode_utf8(bytes) {
            (Some(character), size) => (Some(character), size),
            (None, _) => (None, 1),
        },
    }
}

/// The runes with the offsets at which they begin; `None` for a byte that belongs to no character.
pub(crate) fn indices(bytes: &[u8]) -> impl Iterator<Item = (usize, Option<char>)> + '_ {
    let mut offset = 0;
    std::iter::from_fn(move || {
        let (character, size) = first(bytes.get(offset..)?);
        let at = offset;
        offset += size;
        (size > 0).then_some((at, character))
    })
}

/// How many runes there are: Go's `RuneCount`.
pub(crate) fn count(bytes: &[u8]) -> usize {
    if bytes.is_ascii() { bytes.len() } else { indices(bytes).count() }
}

/// Appends a rune by its number: what is none becomes U+FFFD.
pub(crate) fn append(out: &mut Vec<u8>, rune: u64) {
    let character = from_number(rune).unwrap_or(char::REPLACEMENT_CHARACTER);
    out.extend_from_slice(character.encode_utf8(&mut [0; 4]).as_bytes());
}

/// The character of this number, if there is one.
pub(crate) fn from_number(rune: u64) -> Option<char> {
    u32::try_from(rune).ok().and_then(char::from_u32)
}
