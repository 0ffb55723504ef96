//! JSON as Go's `encoding/json` reads and writes it.

mod emit;
mod parse;

pub use emit::{Style, emit, emit_styled};
pub(crate) use emit::{base64, base64_decode, utf8};
pub use parse::parse;
pub(crate) use parse::{kind, parse_partly, shown};

/// How deep documents may nest, as in [`crate::yaml`].
const DEPTH: usize = crate::yaml::DEPTH;
