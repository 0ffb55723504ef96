//! To come.
/// To come.
#[derive(Debug)]
pub struct Change;
/// To come.
pub trait Persist {}
