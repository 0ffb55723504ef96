//! Where the clouds do not do what AWS documents. A cloud that a difference does not name is right.

mod iam;
mod route53;
mod ssm;
mod storage;

use crate::world::Cloud;

/// A check that some clouds end otherwise than AWS's documentation has it.
pub(crate) struct Difference {
    /// The case.
    pub(crate) case: &'static str,
    /// The check in it.
    pub(crate) check: &'static str,
    /// What these clouds do instead.
    pub(crate) instead: &'static [(Cloud, &'static str)],
    /// What AWS says.
    pub(crate) aws: &'static str,
    /// Where, below `https://docs.aws.amazon.com/`.
    pub(crate) reference: &'static str,
}

/// All of one cloud, each with what it does instead.
pub(crate) fn of(cloud: Cloud) -> impl Iterator<Item = (&'static Difference, &'static str)> {
    let all = [route53::DIFFERENCES, ssm::DIFFERENCES, iam::DIFFERENCES, storage::DIFFERENCES];
    let by_cloud = move |difference: &'static Difference| {
        let here = difference.instead.iter().filter(move |(whose, _)| *whose == cloud);
        here.map(move |(_, instead)| (difference, *instead))
    };
    all.into_iter().flatten().flat_map(by_cloud)
}
