//! What a plugin can do outside itself. Each module wraps one interface of the contract; a component
//! imports only those whose functions its code calls.

pub mod aws;
pub mod clock;
pub mod files;
pub mod http;
pub mod kube;
pub mod log;
pub mod random;
pub mod reveal;
pub mod secrets;
mod url;
