//! The sandbox from outside: small guests, written by hand, against the real host.
#![allow(clippy::unwrap_used, clippy::expect_used)]

mod guest;
mod limits;
mod phases;
mod supply;
