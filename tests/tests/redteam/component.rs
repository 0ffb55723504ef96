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
