//! IAM, and what its policies allow: where they differ from what AWS documents.

use super::Difference;
use crate::world::Cloud::{Ministack, Moto};

const QUOTAS: &str = "IAM/latest/UserGuide/reference_iam-quotas.html";
const CREATE_USER: &str = "IAM/latest/APIReference/API_CreateUser.html";
const DELETE_USER: &str = "IAM/latest/APIReference/API_DeleteUser.html";
const IDENTIFIERS: &str = "IAM/latest/UserGuide/reference_identifiers.html";
const ERRORS: &str = "IAM/latest/APIReference/CommonErrors.html";
const GRAMMAR: &str = "IAM/latest/UserGuide/reference_policies_grammar.html";
const ATTACH_POLICY: &str = "IAM/latest/APIReference/API_AttachUserPolicy.html";
const DELETE_POLICY: &str = "IAM/latest/APIReference/API_DeletePolicy.html";
const LIST_ACCESS_KEYS: &str = "IAM/latest/APIReference/API_ListAccessKeys.html";
const UPDATE_ACCESS_KEY: &str = "IAM/latest/APIReference/API_UpdateAccessKey.html";
const LIST_USERS: &str = "IAM/latest/APIReference/API_ListUsers.html";
const DENIED: &str = "IAM/latest/UserGuide/troubleshoot_access-denied.html";
const RECORD_CONDITIONS: &str = "Route53/latest/DeveloperGuide/specifying-conditions-route53.html";
const GET_OBJECT: &str = "AmazonS3/latest/API/API_GetObject.html";
const KMS_ERRORS: &str = "kms/latest/APIReference/CommonErrors.html";
const PARAMETERS_AND_KMS: &str = "kms/latest/developerguide/services-parameter-store.html";
const VARIABLES: &str = "IAM/latest/UserGuide/reference_policies_variables.html";

pub(super) const DIFFERENCES: &[Difference] = &[
    Difference {
        case: "users",
        check: "a name of 65 characters",
        instead: &[(Moto, "200"), (Ministack, "200")],
        aws: "A name has 64 characters at most.",
        reference: QUOTAS,
    },
    Difference {
        case: "users",
        check: "a name with a slash",
        instead: &[(Moto, "200"), (Ministack, "200")],
        aws: "Names have letters, digits, and _+=,.@-.",
        reference: CREATE_USER,
    },
    Difference {
        case: "users",
        check: "delete one with a policy",
        instead: &[(Ministack, "200")],
        aws: "A user's inline policies are deleted first.",
        reference: DELETE_USER,
    },
    Difference {
        case: "users",
        check: "names differ by more than case",
        instead: &[(Moto, "200"), (Ministack, "200")],
        aws: "Names are unique in an account, and not told apart by case.",
        reference: CREATE_USER,
    },
    Difference {
        case: "users",
        check: "no name",
        instead: &[(Moto, "200"), (Ministack, "200")],
        aws: "A name is required.",
        reference: CREATE_USER,
    },
    Difference {
        case: "users",
        check: "delete one with a key",
        instead: &[(Moto, "200")],
        aws: "A user's access keys are deleted first.",
        reference: DELETE_USER,
    },
    Difference {
        case: "users",
        check: "its id",
        instead: &[(Moto, "false")],
        aws: "A user's id begins with AIDA.",
        reference: IDENTIFIERS,
    },
    Difference {
        case: "users",
        check: "no such action",
        instead: &[(Moto, "500")],
        aws: "InvalidAction, 400.",
        reference: ERRORS,
    },
    Difference {
        case: "inline policies",
        check: "a principal",
        instead: &[(Moto, "200"), (Ministack, "200")],
        aws: "A policy of a user has no Principal.",
        reference: GRAMMAR,
    },
    Difference {
        case: "inline policies",
        check: "a resource that is no ARN",
        instead: &[(Ministack, "200")],
        aws: "A resource is a star or an ARN.",
        reference: GRAMMAR,
    },
    Difference {
        case: "inline policies",
        check: "an action without a service",
        instead: &[(Ministack, "200")],
        aws: "An action is a star, or a service and its action with a colon between.",
        reference: GRAMMAR,
    },
    Difference {
        case: "inline policies",
        check: "more than 2,048 characters",
        instead: &[(Moto, "200"), (Ministack, "200")],
        aws: "A user's inline policies have 2,048 characters at most.",
        reference: QUOTAS,
    },
    Difference {
        case: "managed policies",
        check: "attach one that never was",
        instead: &[(Ministack, "200")],
        aws: "NoSuchEntity is among the errors.",
        reference: ATTACH_POLICY,
    },
    Difference {
        case: "managed policies",
        check: "list",
        instead: &[(Ministack, "carlas carlas-never")],
        aws: "NoSuchEntity is among the errors of attaching, so nothing was attached.",
        reference: ATTACH_POLICY,
    },
    Difference {
        case: "managed policies",
        check: "delete an attached one",
        instead: &[(Moto, "200")],
        aws: "A policy is detached from all users before it is deleted.",
        reference: DELETE_POLICY,
    },
    Difference {
        case: "managed policies",
        check: "how often it is attached",
        instead: &[(Moto, "2")],
        aws: "Attaching is to an entity, and there is one.",
        reference: ATTACH_POLICY,
    },
    Difference {
        case: "access keys",
        check: "a third",
        instead: &[(Ministack, "200")],
        aws: "A user has two access keys at most.",
        reference: QUOTAS,
    },
    Difference {
        case: "access keys",
        check: "list of no user",
        instead: &[(Ministack, "200")],
        aws: "NoSuchEntity is among the errors.",
        reference: LIST_ACCESS_KEYS,
    },
    Difference {
        case: "access keys",
        check: "a status that is none",
        instead: &[(Moto, "false")],
        aws: "Active, Inactive and Expired are all there are.",
        reference: UPDATE_ACCESS_KEY,
    },
    Difference {
        case: "user paging",
        check: "a page",
        instead: &[(Moto, "p1 p2 p3"), (Ministack, "p1 p2 p3")],
        aws: "MaxItems says how many to a page, and IsTruncated and Marker that there are more.",
        reference: LIST_USERS,
    },
    Difference {
        case: "user paging",
        check: "the next page",
        instead: &[(Moto, "p1 p2 p3"), (Ministack, "p1 p2 p3")],
        aws: "MaxItems says how many to a page, and IsTruncated and Marker that there are more.",
        reference: LIST_USERS,
    },
    Difference {
        case: "user paging",
        check: "there is more",
        instead: &[(Moto, "false"), (Ministack, "false")],
        aws: "MaxItems says how many to a page, and IsTruncated and Marker that there are more.",
        reference: LIST_USERS,
    },
    Difference {
        case: "policy on zones",
        check: "why",
        instead: &[(
            Ministack,
            "User: arn:aws:iam::000000000000:user/luca is not authorized to perform: route53:ChangeResourceRecordSets because no identity-based policy allows the route53:ChangeResourceRecordSets action",
        )],
        aws: "The resource is named.",
        reference: DENIED,
    },
    Difference {
        case: "policy on record names",
        check: "a type it has not",
        instead: &[(Ministack, "200")],
        aws: "What a batch changes can be limited by names, types and actions of records.",
        reference: RECORD_CONDITIONS,
    },
    Difference {
        case: "policy on record names",
        check: "an action it has not",
        instead: &[(Ministack, "200")],
        aws: "What a batch changes can be limited by names, types and actions of records.",
        reference: RECORD_CONDITIONS,
    },
    Difference {
        case: "policy on record names",
        check: "another name",
        instead: &[(Ministack, "200")],
        aws: "What a batch changes can be limited by names, types and actions of records.",
        reference: RECORD_CONDITIONS,
    },
    Difference {
        case: "policy on record names",
        check: "both in a batch",
        instead: &[(Ministack, "400 InvalidChangeBatch")],
        aws: "What a batch changes can be limited by names, types and actions of records.",
        reference: RECORD_CONDITIONS,
    },
    Difference {
        case: "policy on objects",
        check: "one that is not there, to one who may not list",
        instead: &[(Ministack, "404 NoSuchKey")],
        aws: "Without s3:ListBucket the answer is 403, and not 404.",
        reference: GET_OBJECT,
    },
    Difference {
        case: "policy on keys",
        check: "decrypt without",
        instead: &[(Ministack, "403 AccessDeniedException")],
        aws: "AccessDeniedException, 400.",
        reference: KMS_ERRORS,
    },
    Difference {
        case: "policy on keys",
        check: "that is no right to describe",
        instead: &[(Ministack, "403 AccessDeniedException")],
        aws: "AccessDeniedException, 400.",
        reference: KMS_ERRORS,
    },
    Difference {
        case: "policy on keys",
        check: "under another key",
        instead: &[(Ministack, "200")],
        aws: "Parameter Store decrypts with the caller's rights, so kms:Decrypt is needed.",
        reference: PARAMETERS_AND_KMS,
    },
    Difference {
        case: "statements",
        check: "a variable",
        instead: &[(Ministack, "400 AccessDeniedException")],
        aws: "A resource may have ${aws:username} in it.",
        reference: VARIABLES,
    },
    Difference {
        case: "boundaries",
        check: "why",
        instead: &[(
            Ministack,
            "User: arn:aws:iam::000000000000:user/ivan is not authorized to perform: ssm:PutParameter on resource: arn:aws:ssm:eu-central-1:000000000000:parameter/fenced/b because no identity-based policy allows the ssm:PutParameter action",
        )],
        aws: "What is missing is named: here it is the boundary's permission.",
        reference: DENIED,
    },
];
