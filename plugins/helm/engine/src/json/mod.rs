//! JSON as Go's `encoding/json` reads and writes it.

mod emit;
mod parse;

pub use emit::{Style, emit, emit_styled};
pub(crate) use emit::{base64, base64_decode, utf8};
pub use parse::parse;
pub(crate) use parse::{kind, parse_partly, shown};

/// How deep documents may nest, as in [`crate::yaml`].
const DEPTH: usize = crate::yaml::DEPTH;

/// How many bytes a document may have that is written: what is beyond holds one thing many times over.
pub(crate) const MAX_BYTES: usize = 16 << 20;

/// The error of what is larger, which no function swallows.
pub(crate) const TOO_LARGE: &str = "the value is too large to be written";
