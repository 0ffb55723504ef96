//! KMS and S3: where they differ from what AWS documents.

use super::Difference;
use crate::world::Cloud::{Ministack, Moto, Rehearsal};

const KEY_METADATA: &str = "kms/latest/APIReference/API_KeyMetadata.html";
const ENCRYPT: &str = "kms/latest/APIReference/API_Encrypt.html";
const DECRYPT: &str = "kms/latest/APIReference/API_Decrypt.html";
const BUCKET_NAMES: &str = "AmazonS3/latest/userguide/bucketnamingrules.html";
const OBJECT_KEYS: &str = "AmazonS3/latest/userguide/object-keys.html";
const DEFAULT_ENCRYPTION: &str = "AmazonS3/latest/userguide/default-bucket-encryption.html";
const S3_ERRORS: &str = "AmazonS3/latest/API/ErrorResponses.html";
const VERSIONING: &str = "AmazonS3/latest/API/API_PutBucketVersioning.html";
const DELETE_MARKERS: &str = "AmazonS3/latest/userguide/DeleteMarker.html";
const MULTIPART: &str = "AmazonS3/latest/API/API_CompleteMultipartUpload.html";
const BUCKET_TAGS: &str = "AmazonS3/latest/API/API_PutBucketTagging.html";
const PUT_ENCRYPTION: &str = "AmazonS3/latest/API/API_PutBucketEncryption.html";
const PUBLIC_ACCESS: &str = "AmazonS3/latest/userguide/access-control-block-public-access.html";

pub(super) const DIFFERENCES: &[Difference] = &[
    Difference {
        case: "keys",
        check: "use",
        instead: &[(Moto, "")],
        aws: "KeyUsage is ENCRYPT_DECRYPT unless told otherwise.",
        reference: KEY_METADATA,
    },
    Difference {
        case: "encryption",
        check: "4,097 bytes",
        instead: &[(Ministack, "200")],
        aws: "The plaintext has 4,096 bytes at most.",
        reference: ENCRYPT,
    },
    Difference {
        case: "encryption",
        check: "with another key",
        instead: &[(Moto, "400 AccessDeniedException"), (Ministack, "200")],
        aws: "Another key than it was encrypted with is an IncorrectKeyException.",
        reference: DECRYPT,
    },
    Difference {
        case: "encryption",
        check: "what nobody encrypted",
        instead: &[(Moto, "400 AccessDeniedException")],
        aws: "What is corrupted or otherwise no ciphertext is an InvalidCiphertextException.",
        reference: DECRYPT,
    },
    Difference {
        case: "buckets",
        check: "a name in upper case",
        instead: &[(Moto, "200")],
        aws: "Names have lower case letters, digits, dots and hyphens.",
        reference: BUCKET_NAMES,
    },
    Difference {
        case: "buckets",
        check: "a name like an address",
        instead: &[(Moto, "200")],
        aws: "A name is not formatted as an IP address.",
        reference: BUCKET_NAMES,
    },
    Difference {
        case: "objects",
        check: "a key of 1,025 bytes",
        instead: &[(Moto, "200"), (Ministack, "200")],
        aws: "A key has 1,024 bytes at most.",
        reference: OBJECT_KEYS,
    },
    Difference {
        case: "objects",
        check: "it is encrypted",
        instead: &[(Moto, ""), (Ministack, "")],
        aws: "Every object is encrypted with AES256 unless told otherwise, and a header says so.",
        reference: DEFAULT_ENCRYPTION,
    },
    Difference {
        case: "objects",
        check: "another body than its MD5 says",
        instead: &[(Moto, "200")],
        aws: "BadDigest, 400.",
        reference: S3_ERRORS,
    },
    Difference {
        case: "object listing",
        check: "delete several with a wrong MD5",
        instead: &[(Moto, "200"), (Ministack, "200")],
        aws: "BadDigest, 400.",
        reference: S3_ERRORS,
    },
    Difference {
        case: "object listing",
        check: "fewer than no keys",
        instead: &[(Moto, "200"), (Ministack, "200")],
        aws: "InvalidArgument, 400.",
        reference: S3_ERRORS,
    },
    Difference {
        case: "object versions",
        check: "a status that is none",
        instead: &[(Moto, "200")],
        aws: "Enabled and Suspended are all there are.",
        reference: VERSIONING,
    },
    Difference {
        case: "object versions",
        check: "then it is gone",
        instead: &[(Rehearsal, "404 NoSuchKey "), (Moto, "404 NoSuchKey ")],
        aws: "The answer says with a header that a delete marker is why.",
        reference: DELETE_MARKERS,
    },
    Difference {
        case: "multipart uploads",
        check: "a part that is too small",
        instead: &[(Ministack, "200")],
        aws: "Every part but the last has 5 MiB at least.",
        reference: MULTIPART,
    },
    Difference {
        case: "multipart uploads",
        check: "end what was aborted",
        instead: &[(Moto, "500")],
        aws: "NoSuchUpload, 404.",
        reference: MULTIPART,
    },
    Difference {
        case: "bucket settings",
        check: "the same tag twice",
        instead: &[(Ministack, "204")],
        aws: "A tag's key is unique in its set.",
        reference: BUCKET_TAGS,
    },
    Difference {
        case: "bucket settings",
        check: "an algorithm that is none",
        instead: &[(Moto, "200")],
        aws: "The algorithms are listed, and this is none of them.",
        reference: PUT_ENCRYPTION,
    },
    Difference {
        case: "bucket settings",
        check: "encryption at first",
        instead: &[(Moto, "")],
        aws: "Every bucket encrypts with AES256 unless told otherwise.",
        reference: DEFAULT_ENCRYPTION,
    },
    Difference {
        case: "bucket settings",
        check: "no XML",
        instead: &[(Moto, "500")],
        aws: "MalformedXML, 400.",
        reference: S3_ERRORS,
    },
    Difference {
        case: "bucket settings",
        check: "public access is blocked at first",
        instead: &[(Moto, "")],
        aws: "All four settings are on for new buckets.",
        reference: PUBLIC_ACCESS,
    },
];
