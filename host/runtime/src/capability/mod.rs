//! The capabilities, one file per interface. Each implements the trait that the contract gives it;
//! which of them a call can reach is decided in [`crate::link`].

mod aws;
mod calls;
mod clock;
pub(crate) mod files;
pub mod http;
mod kube;
mod log;
mod objects;
mod outgoing;
mod random;
pub(crate) mod refused;
mod requests;
mod secrets;
