//! Taking a packaged component apart.

/// A component without the sections that packaging added, so that it can be packaged again.
///
/// # Panics
/// When it is no component.
pub fn without_sections(component: &[u8]) -> Vec<u8> {
    without_section(component, "maps:")
}

/// A component without the custom sections whose names begin like this.
///
/// # Panics
/// When it is no component.
pub fn without_section(component: &[u8], name: &str) -> Vec<u8> {
    const HEADER: usize = 8;
    let (mut kept, mut at) = (component[..HEADER].to_vec(), HEADER);
    while at < component.len() {
        let (length, digits) = leb(&component[at + 1..]);
        let (start, end) = (at + 1 + digits, at + 1 + digits + length);
        let ours = component[at] == 0 && component[start + 1..end].starts_with(name.as_bytes());
        if !ours {
            kept.extend_from_slice(&component[at..end]);
        }
        at = end;
    }
    kept
}

/// An unsigned number as WebAssembly writes it, and how many bytes it takes.
fn leb(bytes: &[u8]) -> (usize, usize) {
    let mut value = 0;
    for (place, byte) in bytes.iter().enumerate() {
        value |= usize::from(byte & 0x7f) << (7 * place);
        if byte & 0x80 == 0 {
            return (value, place + 1);
        }
    }
    (value, bytes.len())
}
