//! The local cloud as its clients see it: over real TLS, in processes that are killed, under load.

mod contract;
mod declared;
mod faults;
mod load;
mod persistence;
mod programs;
mod storage;
mod support;
