//! Renders Helm charts as Helm 4.1.4 does, byte for byte, and touches nothing outside its arguments: no
//! files, sockets, clock or randomness of its own, so that it runs in a sandbox and natively alike.
//!
//! One pass: [`chart`] unpacks and loads, [`values`] merges and checks, [`template`] parses and
//! evaluates with what [`functions`] offers, [`render`] puts the documents in order.
//! Everything a template can hold is a [`value::Value`]; what it prints is [`format`]'s.

pub mod chart;
pub mod context;
pub mod format;
pub mod function;
pub mod functions;
pub mod json;
mod memory;
pub mod render;
pub mod semver;
pub mod template;
pub mod toml;
pub mod value;
pub mod values;
pub mod warning;
pub mod yaml;
