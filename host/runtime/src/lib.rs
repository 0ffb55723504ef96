//! wasmtime: load, inspect, link and limit plugins; the capabilities; the call journal.
//!
//! A guest reaches the world only through `capability/`, and every call there passes the one
//! decision function, [`maps_engine::capability`].

pub mod audit;
pub mod capability;
pub mod scope;
pub mod seal;
