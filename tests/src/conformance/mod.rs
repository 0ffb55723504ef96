//! One suite for every plugin and kind: what the engine relies on, held against the packaged
//! component, in the real sandbox, against the local cloud, in virtual time.
//!
//! A kind takes part by its fixture, `tests/conformance/PLUGIN/KIND.json`; nothing here knows any
//! kind. A law is a function of a [`Subject`] that panics with what is broken.
#![allow(clippy::unwrap_used, clippy::expect_used)] // Every failure here is a failed test.

mod bench;
mod clock;
mod exchanges;
mod fixture;
pub mod laws;
mod ledger;
mod needs;
mod place;

pub use bench::{Being, Bench};
pub use fixture::{Fixture, Need, Subject, fixtures, kinds, subjects};
