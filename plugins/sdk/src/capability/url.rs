//! Building URLs so that no value can leave the place it was put in.

/// Adds a path segment. Dots that would climb are encoded too: the host refuses those, where it would
/// follow plain ones.
pub(super) fn push_segment(url: &mut String, segment: &str) {
    match segment {
        "." => url.push_str("%2E"),
        ".." => url.push_str("%2E%2E"),
        plain => push_encoded(url, plain),
    }
}

/// Adds a text with everything percent-encoded but RFC 3986's unreserved characters.
pub(super) fn push_encoded(url: &mut String, text: &str) {
    const HEX: &[u8; 16] = b"0123456789ABCDEF";
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
            url.push(char::from(byte));
        } else {
            url.push('%');
            url.push(char::from(HEX[usize::from(byte >> 4)]));
            url.push(char::from(HEX[usize::from(byte & 15)]));
        }
    }
}
