//! Stack to graph to plan to apply to state: everything maps decides, and nothing it touches.
//!
//! This crate never reads a file, opens a socket, runs wasm, prints, or asks for the time. Those
//! come in as traits: [`Provider`], [`Journal`], [`Clock`], [`Entropy`], [`Observer`].

pub mod capability;
pub mod clock;
pub mod diagnostic;
pub mod diff;
pub mod event;
pub mod expr;
pub mod graph;
pub mod journal;
pub mod name;
pub mod plan;
pub mod problem;
pub mod provider;
pub mod retry;
pub mod schema;
pub mod shape;
pub mod stack;
pub mod state;
pub mod store;
pub mod value;

pub use clock::{Clock, Entropy};
pub use diagnostic::{Diagnostic, Severity, Span};
pub use event::{Event, Observer};
pub use journal::{Entry, Journal, JournalError};
pub use name::{Address, KindName, OpId, PluginName, Token};
pub use problem::{Class, Problem};
pub use provider::{Call, CallError, Provider};
pub use state::{Snapshot, State};
pub use store::{Loaded, Store, StoreError};
pub use value::Value;
