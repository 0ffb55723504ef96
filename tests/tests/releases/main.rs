//! Releases of a chart through the whole program: installed, changed, failed, killed by others, and taken away.
#![allow(clippy::unwrap_used, clippy::expect_used)]

mod clients;
mod failures;
mod lifecycle;
mod world;
