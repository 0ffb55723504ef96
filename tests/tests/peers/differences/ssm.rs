//! Parameter Store: where they differ from what AWS documents.

use super::Difference;
use crate::world::Cloud::{Ministack, Moto};

const GET_SEVERAL: &str = "systems-manager/latest/APIReference/API_GetParameters.html";
const ERRORS: &str = "systems-manager/latest/APIReference/CommonErrors.html";
const GET: &str = "systems-manager/latest/APIReference/API_GetParameter.html";
const PUT: &str = "systems-manager/latest/APIReference/API_PutParameter.html";
const TIERS: &str = "systems-manager/latest/userguide/parameter-store-advanced-parameters.html";
const BY_PATH: &str = "systems-manager/latest/APIReference/API_GetParametersByPath.html";
const LIST_TAGS: &str = "systems-manager/latest/APIReference/API_ListTagsForResource.html";
const ADD_TAGS: &str = "systems-manager/latest/APIReference/API_AddTagsToResource.html";
const DESCRIBE: &str = "systems-manager/latest/APIReference/API_DescribeParameters.html";

pub(super) const DIFFERENCES: &[Difference] = &[
    Difference {
        case: "parameters",
        check: "get eleven",
        instead: &[(Ministack, "200")],
        aws: "Ten names at most.",
        reference: GET_SEVERAL,
    },
    Difference {
        case: "parameters",
        check: "an operation that is none",
        instead: &[(Moto, "500")],
        aws: "InvalidAction, 400.",
        reference: ERRORS,
    },
    Difference {
        case: "parameters",
        check: "get, not decrypted",
        instead: &[(Moto, "true")],
        aws: "Without WithDecryption the value is the ciphertext.",
        reference: GET,
    },
    Difference {
        case: "parameter versions",
        check: "another type",
        instead: &[(Moto, "200"), (Ministack, "200")],
        aws: "A parameter's type cannot be changed: HierarchyTypeMismatchException.",
        reference: PUT,
    },
    Difference {
        case: "parameter names",
        check: "16 levels",
        instead: &[(Moto, "200"), (Ministack, "200")],
        aws: "A hierarchy has 15 levels at most.",
        reference: PUT,
    },
    Difference {
        case: "parameter names",
        check: "a key that never was",
        instead: &[(Moto, "200"), (Ministack, "200")],
        aws: "InvalidKeyId, 400.",
        reference: PUT,
    },
    Difference {
        case: "parameter names",
        check: "a path without a slash before it",
        instead: &[(Moto, "200"), (Ministack, "200")],
        aws: "A name in a hierarchy begins with a slash.",
        reference: PUT,
    },
    Difference {
        case: "parameter names",
        check: "a space",
        instead: &[(Moto, "200"), (Ministack, "200")],
        aws: "Names have letters, digits, dots, hyphens, underscores, and slashes between levels.",
        reference: PUT,
    },
    Difference {
        case: "parameter names",
        check: "a type that is none",
        instead: &[(Ministack, "200")],
        aws: "String, StringList and SecureString are all there are.",
        reference: PUT,
    },
    Difference {
        case: "parameter names",
        check: "a value that its pattern refuses",
        instead: &[(Moto, "200"), (Ministack, "200")],
        aws: "A value has to match AllowedPattern.",
        reference: PUT,
    },
    Difference {
        case: "parameter names",
        check: "no value",
        instead: &[(Ministack, "200")],
        aws: "A value has one character at least.",
        reference: PUT,
    },
    Difference {
        case: "parameter tiers",
        check: "4,097 bytes",
        instead: &[(Moto, "200"), (Ministack, "200")],
        aws: "A standard parameter has 4 KB at most.",
        reference: TIERS,
    },
    Difference {
        case: "parameter tiers",
        check: "5,000 bytes choose their tier",
        instead: &[(Moto, "Intelligent-Tiering"), (Ministack, "Intelligent-Tiering")],
        aws: "The answer has the tier that was assigned, which is one of two.",
        reference: PUT,
    },
    Difference {
        case: "parameter tiers",
        check: "8,193 bytes, advanced",
        instead: &[(Moto, "200"), (Ministack, "200")],
        aws: "An advanced parameter has 8 KB at most.",
        reference: TIERS,
    },
    Difference {
        case: "parameter tiers",
        check: "a tier that is none",
        instead: &[(Moto, "200"), (Ministack, "200")],
        aws: "Standard, Advanced and Intelligent-Tiering are all there are.",
        reference: PUT,
    },
    Difference {
        case: "parameter tiers",
        check: "down",
        instead: &[(Moto, "200"), (Ministack, "200")],
        aws: "An advanced parameter cannot become a standard one.",
        reference: TIERS,
    },
    Difference {
        case: "parameters by path",
        check: "11 to a page",
        instead: &[(Ministack, "200")],
        aws: "Ten to a page at most.",
        reference: BY_PATH,
    },
    Difference {
        case: "parameters by path",
        check: "a path without a slash",
        instead: &[(Moto, "200"), (Ministack, "200")],
        aws: "Hierarchies start with a slash.",
        reference: BY_PATH,
    },
    Difference {
        case: "parameter tags",
        check: "list of what never was",
        instead: &[(Ministack, "200")],
        aws: "InvalidResourceId, 400.",
        reference: LIST_TAGS,
    },
    Difference {
        case: "parameter tags",
        check: "tag what never was",
        instead: &[(Ministack, "200")],
        aws: "InvalidResourceId, 400.",
        reference: ADD_TAGS,
    },
    Difference {
        case: "parameters described",
        check: "51 to a page",
        instead: &[(Moto, "200"), (Ministack, "200")],
        aws: "Fifty to a page at most.",
        reference: DESCRIBE,
    },
    Difference {
        case: "parameters described",
        check: "by a key that is none",
        instead: &[(Ministack, "200")],
        aws: "InvalidFilterKey or a failed validation: what can be filtered by is listed.",
        reference: DESCRIBE,
    },
];
