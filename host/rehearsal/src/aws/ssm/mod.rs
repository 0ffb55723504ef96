//! SSM's parameter store: parameters with versions, tiers, tags, and values under KMS keys.
//!
//! Labels, parameter policies, and the data types of EC2 are not played.

mod describe;
mod get;
mod name;
mod parameter;
mod put;
mod tags;

use super::api::{Dispatch, Operation, Surface};
use super::protocol::Protocol;
use super::regions;
pub(super) use parameter::inventory;

const OPERATIONS: &[Operation] = &[
    Operation::write("PutParameter", put::put),
    Operation::read("GetParameter", get::one),
    Operation::read("GetParameters", get::several),
    Operation::read("GetParametersByPath", get::by_path),
    Operation::read("GetParameterHistory", get::history),
    Operation::read("DescribeParameters", describe::describe),
    Operation::write("DeleteParameter", put::delete),
    Operation::write("DeleteParameters", put::delete_several),
    Operation::write("AddTagsToResource", tags::add),
    Operation::write("RemoveTagsFromResource", tags::remove),
    Operation::read("ListTagsForResource", tags::list),
];

/// The service.
pub(super) fn api() -> Surface {
    Surface {
        name: "ssm",
        protocol: Protocol::Json,
        hosts: regions::hosts("ssm"),
        global: false,
        dispatch: Dispatch::Target("AmazonSSM", OPERATIONS),
        per_second: 0,
    }
}
