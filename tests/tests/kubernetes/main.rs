//! kubectl and helm, as their makers ship them, against the local cloud's standing cluster.
#![allow(clippy::unwrap_used, clippy::expect_used)]

mod clients;
mod recorded;
mod small_charts;
mod world;
