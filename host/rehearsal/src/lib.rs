//! The local cloud: real wire formats over real TLS on loopback, with state that outlives a kill.
//!
//! A reader follows one request: [`Cloud::start`] opens the directory and its
//! ports; `server` accepts, counts, injects faults and commits; a `Service`
//! routes and answers inside one transaction of the `store`; `control` moves
//! virtual time. A further cloud is one more `Service` in `cloud::services`;
//! what a plugin's author declares is played by `declared`.
//!
//! Nothing here uses another crate of this workspace but `maps-cluster`, the API server that only this cloud
//! plays, so that a bug cannot be shared with what is tested against it.

mod aws;
mod charts;
mod clock;
mod cloud;
mod control;
mod counts;
mod declared;
mod digitalocean;
mod directory;
mod entropy;
mod error;
mod fault;
mod gate;
mod inventory;
mod kubernetes;
mod routes;
mod server;
mod service;
mod store;
mod tls;

pub use aws::AwsLimits;
pub use cloud::{Cloud, Options, RateLimits, Running};
pub use counts::{Counts, counts};
pub use declared::{DECLARATION_BYTES, Declaration, DeclarationFault, DeclarationFaults, is_first_party};
pub use directory::{AccessKeyFile, CloudFile, CredentialsFile, SpacesKeyFile, TokenFile};
pub use error::Error;
pub use fault::{Fault, FaultKind, FaultSpecError};
pub use inventory::inventory;
pub use server::Exchange;
