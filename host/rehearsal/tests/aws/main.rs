//! The local cloud's AWS as a client sees it whose signatures are made by AWS's own crate.

mod authentic;
mod iam;
mod keep;
mod kms;
mod route53;
mod s3;
mod s3_settings;
mod spaces;
mod ssm;
mod support;
