//! AWS Identity and Access Management. Source: its API reference, version 2010-05-08.

use super::super::names::Shape;
use super::{About, Action, Field, READ, Service, WRITE, What, name, word};

/// The service.
pub(in super::super) static IAM: Service = Service {
    name: "iam",
    fields: &[
        Field { name: "users", shape: Shape::Word, canonical: plain },
        Field { name: "policies", shape: Shape::Word, canonical: plain },
        Field { name: "boundaries", shape: Shape::Word, canonical: arn },
        // Of documents, patterns are judged, not names.
        Field { name: "allows", shape: Shape::Caseless, canonical: arn },
        Field { name: "on", shape: Shape::Word, canonical: arn },
    ],
    actions: &[
        user(READ, "GetUser", &["UserName"]),
        user(READ, "ListUserTags", &["UserName", "Marker", "MaxItems"]),
        user(READ, "ListUserPolicies", &["UserName", "Marker", "MaxItems"]),
        user(READ, "ListAttachedUserPolicies", &["UserName", "Marker", "MaxItems"]),
        user(READ, "ListGroupsForUser", &["UserName", "Marker", "MaxItems"]),
        user(READ, "ListAccessKeys", &["UserName", "Marker", "MaxItems"]),
        Action { about: &[USER, POLICY], ..user(READ, "GetUserPolicy", &["UserName", "PolicyName"]) },
        Action {
            about: &[USER, name("boundaries", "/PermissionsBoundary")],
            ..user(WRITE, "CreateUser", &["UserName", "Path", "PermissionsBoundary", "Tags"])
        },
        user(WRITE, "DeleteUser", &["UserName"]),
        user(WRITE, "TagUser", &["UserName", "Tags"]),
        user(WRITE, "UntagUser", &["UserName", "TagKeys"]),
        Action {
            about: &[USER, POLICY, ALLOWS, ON],
            ..user(WRITE, "PutUserPolicy", &["UserName", "PolicyName", "PolicyDocument"])
        },
        Action { about: &[USER, POLICY], ..user(WRITE, "DeleteUserPolicy", &["UserName", "PolicyName"]) },
        Action {
            about: &[USER, name("boundaries", "/PermissionsBoundary")],
            ..user(WRITE, "PutUserPermissionsBoundary", &["UserName", "PermissionsBoundary"])
        },
        Action { seals: &["/AccessKey/SecretAccessKey"], ..user(WRITE, "CreateAccessKey", &["UserName"]) },
        user(WRITE, "UpdateAccessKey", &["UserName", "AccessKeyId", "Status"]),
        user(WRITE, "DeleteAccessKey", &["UserName", "AccessKeyId"]),
        managed(READ, "GetPolicy", &["PolicyArn"]),
        managed(READ, "GetPolicyVersion", &["PolicyArn", "VersionId"]),
        managed(READ, "ListPolicyVersions", &["PolicyArn", "Marker", "MaxItems"]),
        managed(READ, "ListPolicyTags", &["PolicyArn", "Marker", "MaxItems"]),
        // What policies there are is no secret of one of them: it finds one by its name.
        Action { name: "ListPolicies", parameters: &["Scope", "PathPrefix", "Marker", "MaxItems"], ..READ },
        Action {
            name: "CreatePolicy",
            parameters: &["PolicyName", "Path", "PolicyDocument", "Description", "Tags"],
            about: &[POLICY, ALLOWS, ON],
            ..WRITE
        },
        Action {
            about: &[ARN, ALLOWS, ON],
            ..managed(WRITE, "CreatePolicyVersion", &["PolicyArn", "PolicyDocument", "SetAsDefault"])
        },
        managed(WRITE, "DeletePolicyVersion", &["PolicyArn", "VersionId"]),
        managed(WRITE, "DeletePolicy", &["PolicyArn"]),
        managed(WRITE, "TagPolicy", &["PolicyArn", "Tags"]),
        managed(WRITE, "UntagPolicy", &["PolicyArn", "TagKeys"]),
    ],
};

const USER: About = name("users", "/UserName");
const POLICY: About = name("policies", "/PolicyName");
/// A managed policy by its ARN, whose last segment is its name.
const ARN: About = name("policies", "/PolicyArn");
const ALLOWS: About = About { field: "allows", at: "/PolicyDocument", what: What::Allows };
const ON: About = About { field: "on", at: "/PolicyDocument", what: What::On };

const fn user(like: Action, name: &'static str, parameters: &'static [&'static str]) -> Action {
    Action { name, parameters, about: &[USER], ..like }
}

const fn managed(like: Action, name: &'static str, parameters: &'static [&'static str]) -> Action {
    Action { name, parameters, about: &[ARN], ..like }
}

const MARKS: &[u8] = b"+=,.@_-";

/// The name of a user or a policy. A managed policy goes by its name too, whatever its path, so that a
/// rule for the making of a policy is one for its versions.
fn plain(text: &str) -> Result<String, &'static str> {
    let name = match text.strip_prefix("arn:") {
        Some(_) => text.rsplit('/').next().unwrap_or_default(),
        None => text,
    };
    word(name, MARKS, "a name of IAM has letters, digits and `+=,.@_-`")
}

fn arn(text: &str) -> Result<String, &'static str> {
    word(text, b"+=,.@_-:/*?$", "an ARN has letters, digits and `+=,.@_-:/`")
}
