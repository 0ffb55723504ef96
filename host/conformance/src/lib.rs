//! One suite for every plugin and kind: what the engine relies on, held against the packaged
//! component, in the real sandbox, against a cloud that is none.
//!
//! A kind takes part by its fixture, `KIND.json`; nothing here knows any kind. [`LAWS`] are all laws;
//! [`Law::try_on`] tries one on a [`Subject`], on a bench of its own, and answers a [`Verdict`].

mod bench;
mod clock;
mod fixture;
mod laws;
mod ledger;
mod needs;
mod place;
mod setup;
mod verdict;

pub use fixture::{Fixture, Inputs, Need, Subject, SubjectError, subjects};
pub use laws::{LAWS, Law};
pub use setup::{Fake, Peer, Setup};
pub use verdict::Verdict;
