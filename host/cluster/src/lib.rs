//! A Kubernetes API server with its controllers, in memory: what the local cloud plays a cluster with.
//!
//! A reader follows one request: [`Cluster::handle`] (in `server`) reads what is asked for, `auth` says who
//! asks and whether they may, `registry` finds the resource, `decode` reads the body against its `schema`,
//! `patch`, `apply` and `admission` make the object that is to be, the kind's own rules (`kinds`, `crd`)
//! default and validate it, the `store` keeps it, and `controllers` do what follows from it.
//!
//! Nothing here uses another crate of this workspace.

#![allow(dead_code)] // Until every part is joined.

mod admission;
mod apply;
mod auth;
mod controllers;
mod crd;
mod decode;
mod discovery;
mod invalid;
mod kinds;
mod object;
mod openapi;
mod outside;
mod patch;
mod path;
mod quantity;
mod quota;
mod registry;
mod schema;
mod selector;
mod server;
mod status;
mod store;
mod table;
mod view;

pub use outside::{Certify, Outside};
pub use server::{Asked, Body, Cluster, Moment, Options};
pub use store::{Change, Persist};
