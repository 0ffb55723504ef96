//! Taking components apart and putting them together in ways that packaging would not.

use wasm_encoder::{CustomSection, Encode, Section};
use wit_component::ComponentEncoder;

/// A guest as `cargo xtask plugins` leaves it.
pub(crate) fn guest(name: &str) -> Vec<u8> {
    let path = maps_tests::component(&format!("guests/{name}"));
    std::fs::read(&path).unwrap_or_else(|error| panic!("{}: {error}; run `cargo xtask plugins`", path.display()))
}

/// A core module as a component with these sections, whatever packaging would say of it.
pub(crate) fn unpackaged(module: &[u8], manifest: &str, kinds: &str) -> Vec<u8> {
    let mut component = ComponentEncoder::default().module(module).unwrap().encode().unwrap();
    for (name, data) in [("maps:manifest", manifest), ("maps:kinds", kinds)] {
        let section = CustomSection { name: name.into(), data: data.as_bytes().into() };
        component.push(section.id());
        section.encode(&mut component);
    }
    component
}

/// A component without the sections that packaging added, so that it can be packaged again.
pub(crate) fn without_sections(component: &[u8]) -> Vec<u8> {
    const HEADER: usize = 8;
    let (mut kept, mut at) = (component[..HEADER].to_vec(), HEADER);
    while at < component.len() {
        let (length, digits) = leb(&component[at + 1..]);
        let (start, end) = (at + 1 + digits, at + 1 + digits + length);
        let ours = component[at] == 0 && component[start + 1..end].starts_with(b"maps:");
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
