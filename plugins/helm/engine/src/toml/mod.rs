//! TOML as the library that Helm links (BurntSushi's) writes and reads it.

mod emit;
mod lexer;
mod number;
mod parse;
mod table;
#[cfg(test)]
mod tests;

pub use emit::{Error, emit};
pub use parse::parse;

/// How deep documents may nest, as in [`crate::yaml`].
const DEPTH: usize = crate::yaml::DEPTH;

/// What a bare key is made of.
fn is_bare(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-')
}
