//! One suite of what AWS documents, held against the local cloud and two programs that nobody here wrote.
//!
//! Who of them differs where, and who is right, is listed in `differences.rs`: a difference that is not
//! listed fails, and so does one that is listed and gone.
#![allow(clippy::unwrap_used, clippy::expect_used)]

mod differences;
mod iam;
mod identity;
mod kms;
mod policies;
mod records;
mod route53;
mod s3;
mod sheet;
mod ssm;
mod world;

use sheet::{Case, Sheet};
use world::World;

/// The contract.
const CASES: &[&[Case]] =
    &[route53::CASES, records::CASES, ssm::CASES, iam::CASES, kms::CASES, s3::CASES, identity::CASES, policies::CASES];

#[test]
fn rehearsal_differs_as_listed() {
    Sheet::of(&World::rehearsal(), CASES).settle();
}

#[test]
fn moto_differs_as_listed() {
    Sheet::of(&World::moto(), CASES).settle();
}

#[test]
fn ministack_differs_as_listed() {
    Sheet::of(&World::ministack(), CASES).settle();
}
