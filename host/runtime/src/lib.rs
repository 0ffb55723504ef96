//! wasmtime: load, inspect, link and limit plugins; the capabilities; the call journal.
//!
//! A guest reaches the world only through `capability/`, and every call there passes the one
//! decision function, [`maps_engine::capability`].

pub mod audit;
pub mod aws;
pub mod cache;
pub mod capability;
pub mod egress;
pub mod engine;
pub mod fault;
pub mod host;
pub mod inspect;
pub mod limits;
pub mod package;
pub mod scope;
pub mod seal;

mod answer;
#[allow(missing_docs, unreachable_pub, unused_qualifications, clippy::pedantic)]
mod bindings;
mod convert;
mod guest;
mod link;
mod owned;
mod plugin;
mod printable;
mod provider;
mod record;
mod session;

pub use host::{Host, HostOptions, LoadError, PluginUse};
pub use plugin::Plugin;
