//! A service as a plugin's author declares it: collections of JSON objects and recorded answers,
//! played from data alone. Nothing that a stranger wrote is executed here.
//!
//! `model` is what a declaration says and `parse` reads it; `service` routes a request, `collection`
//! answers it from the store, `item` is what the store holds of one object.

mod collection;
mod inventory;
mod item;
mod model;
mod parse;
mod path;
mod pointer;
mod read;
mod service;

pub use model::{Declaration, is_first_party};
pub use read::{DeclarationFault, DeclarationFaults};

pub(crate) use inventory::inventory;
pub(crate) use model::{Credential, ServiceModel};
pub(crate) use service::Declared;

/// Bytes of a declaration as JSON: some hundred recorded answers.
pub const DECLARATION_BYTES: usize = 256 << 10;
/// Services of one plugin. Most have one, and those that have more name each host in a rule.
const SERVICES: usize = 16;
/// Collections of one service.
const COLLECTIONS: usize = 50;
/// Recorded answers of one service.
const RECORDED: usize = 500;
/// Fields named in one list.
const POINTERS: usize = 50;
/// Objects in one collection: above what a stack makes of one kind.
const ITEMS: usize = 10_000;
/// Bytes of one object as JSON.
const ITEM_BYTES: usize = 64 << 10;
