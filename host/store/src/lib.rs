//! Where a stack's snapshot, journal and lock live, with every secret encrypted.
//!
//! A stack's state is a folder: `snapshot.json`, `journal.jsonl`, `lock`, and `history/` with the
//! snapshots before. Whoever changes a stack opens a [`FileStore`], which holds the lock; whoever
//! only looks calls [`read`], which takes no lock and writes nothing.
//!
//! This crate never decides what state means: the engine folds, verifies and plans. It never
//! writes a secret in clear, never reads the key before a secret needs it, and never mends a
//! damaged file by itself.

mod chain;
mod cipher;
mod codec;
mod disk;
mod error;
mod file;
mod journal;
mod lock;
mod pair;
mod snapshot;
mod writer;

#[cfg(test)]
mod tests;

pub use error::FileError;
pub use file::{FileStore, Location, Read, read};
pub use lock::Holder;
