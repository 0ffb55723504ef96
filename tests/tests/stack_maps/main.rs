//! The MAPS platform, row by row as ../stacks/maps/README.md lists them, and what a user does with it: run it again, change
//! it, lose parts of it, be killed in the middle, and take it down.
#![allow(clippy::unwrap_used, clippy::expect_used)]

mod audit;
mod cluster;
mod components;
mod database;
mod grants;
mod killed;
mod lifecycle;
mod names;
mod platform;
mod security;
mod services;
