//! Amazon's cloud: Route53, SSM, IAM, STS, KMS and S3, each a service of its own with its own hosts,
//! counts and faults, and one plain endpoint for all of them. DigitalOcean's Spaces, which speak S3's
//! language, are served from here too.
//!
//! A request goes through [`Api`]: its signature is verified (`sigv4`), its
//! caller found (`caller`), its operation looked up; the operation asks
//! [`Context::allow`] before it does anything, and that evaluates the caller's
//! policies in earnest. Shapes, limits and error codes are AWS's; what is not
//! played is answered with `NotImplemented` and its name, never with a guess.

mod account;
mod api;
mod caller;
mod chunked;
mod context;
mod endpoint;
mod form;
mod iam;
mod inventory;
mod json;
mod kms;
mod page;
mod policy;
mod protocol;
mod rate;
mod realm;
mod refusal;
mod regions;
mod route53;
mod s3;
mod sigv4;
mod spaces;
mod ssm;
mod sts;
mod xml;

use std::sync::Arc;

pub(crate) use account::{Account, PlantError, Planted, plant};
use api::Api;
use context::Context;
use endpoint::Endpoint;
pub(crate) use inventory::inventory;
use refusal::Refusal;
pub(crate) use route53::resolve;
pub(crate) use spaces::{SpacesBucket, spaces_bucket, spaces_inventory};

use crate::service::{Answer, Service};

/// The name in inventories.
pub(crate) const NAME: &str = "aws";

/// How many Route53 requests an account may send a second; 0 is no limit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct AwsLimits {
    /// AWS's own limit is 5.
    pub route53_per_second: u32,
}

impl Default for AwsLimits {
    fn default() -> Self {
        Self { route53_per_second: 5 }
    }
}

/// Answers one operation.
type Handler = fn(&mut Context<'_, '_>) -> Result<Answer, Refusal>;

/// The services of an account, and the endpoint that takes them all.
pub(crate) fn services(account: &Arc<Account>, limits: AwsLimits) -> (Vec<Arc<dyn Service>>, Arc<dyn Service>) {
    let api = |surface| Arc::new(Api::new(surface, Arc::clone(account)));
    let s3 = api(s3::api());
    let mut apis: Vec<Arc<Api>> =
        [route53::api(limits.route53_per_second), ssm::api(), iam::api(), sts::api(), kms::api()].map(api).into();
    apis.push(Arc::clone(&s3));
    let mut services: Vec<Arc<dyn Service>> = apis.iter().map(|api| Arc::clone(api) as Arc<dyn Service>).collect();
    services.push(api(spaces::api()));
    (services, Arc::new(Endpoint::new(apis, s3)))
}
