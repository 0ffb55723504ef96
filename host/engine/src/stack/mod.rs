//! `stack.yaml` and what it includes: parsed, with spans, into a [`Stack`].

mod model;

pub use model::*;
