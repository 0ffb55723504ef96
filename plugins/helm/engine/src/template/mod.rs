//! Go's `text/template`: parsing and evaluating, with its error texts.

mod error;

pub use error::ExecError;
