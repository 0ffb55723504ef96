//! Notes of a service at api.notes.example.

mod note;

pub use note::{Inputs, Note, Outputs};

maps_sdk::plugin!(Note);

#[cfg(test)]
mod tests;
