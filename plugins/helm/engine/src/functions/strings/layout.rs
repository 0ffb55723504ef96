//! The width of strings: `wrap`, `abbrev`, in bytes.

use bstr::ByteSlice;

/// Breaks lines at spaces so that none is longer than `width` where that can be. Words that are longer are cut
/// with `cut_words`, or else stand alone.
pub(super) fn wrap(text: &[u8], width: i64, line_break: &[u8], cut_words: bool) -> Vec<u8> {
    let line_break: &[u8] = if line_break.is_empty() { b"\n" } else { line_break };
    let width = usize::try_from(width.max(1)).unwrap_or(usize::MAX);
    let mut out = Vec::with_capacity(text.len());
    let mut rest = text;
    while rest.len() > width {
        if let Some(behind) = rest.strip_prefix(b" ") {
            rest = behind;
            continue;
        }
        let (line, skipped) = match rest.get(..=width).and_then(|window| window.rfind_byte(b' ')) {
            Some(space) => (space, 1),
            None if cut_words => (width, 0),
            None => match rest.get(width..).and_then(|behind| behind.find_byte(b' ')) {
                Some(space) => (width + space, 1),
                None => break,
            },
        };
        let (line, behind) = rest.split_at(line);
        out.extend_from_slice(line);
        out.extend_from_slice(line_break);
        rest = behind.get(skipped..).unwrap_or_default();
    }
    out.extend_from_slice(rest);
    out
}

/// At most `width` bytes, of which an ellipsis takes three. A width below four changes nothing.
pub(super) fn abbreviate(width: i64, text: &[u8]) -> Vec<u8> {
    match usize::try_from(width) {
        Ok(width) if width >= 4 && text.len() > width => [text.get(..width - 3).unwrap_or_default(), b"..."].concat(),
        _ => text.to_vec(),
    }
}

/// At most `width` bytes that have those from `offset` among them, with an ellipsis on the sides where
/// something was left out.
pub(super) fn abbreviate_both(offset: i64, width: i64, text: &[u8]) -> Vec<u8> {
    if width < 4 || offset > 0 && width < 7 {
        return text.to_vec();
    }
    let width = usize::try_from(width).unwrap_or(usize::MAX);
    if text.len() <= width {
        return text.to_vec();
    }
    let kept = width - 3;
    let offset = usize::try_from(offset).unwrap_or(0).min(text.len() - kept);
    if offset <= 4 {
        return [text.get(..kept).unwrap_or_default(), b"..."].concat();
    }
    if offset + kept < text.len() {
        let middle = abbreviate(kept as i64, text.get(offset..).unwrap_or_default());
        return [b"...".as_slice(), &middle].concat();
    }
    [b"...", text.get(text.len() - kept..).unwrap_or_default()].concat()
}
