//! The three ways AWS's services talk, and what each calls the same failure.

use http::StatusCode;

use super::refusal::Refusal;
use super::sigv4::Denied;
use crate::service::Trouble;

/// A way to talk.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Protocol {
    /// Route53's REST and the query protocol of IAM and STS: XML answers in a namespace.
    Xml {
        /// The namespace.
        namespace: &'static str,
    },
    /// JSON 1.1, with the operation in `x-amz-target`: SSM and KMS.
    Json,
    /// S3's REST.
    S3,
}

impl Protocol {
    /// How this protocol says that a request is not authentic.
    pub(super) fn denied(self, denied: Denied) -> Refusal {
        const MISMATCH: &str = "The request signature we calculated does not match the signature you provided. \
             Check your AWS Secret Access Key and signing method. Consult the service documentation for details.";
        const INVALID: &str = "The security token included in the request is invalid.";
        const EXPIRED: &str = "The security token included in the request is expired";
        match (self, denied) {
            (Self::S3, Denied::Missing) => Refusal::forbidden("AccessDenied", "Access Denied"),
            (Self::S3, Denied::Incomplete(why)) => Refusal::bad("AuthorizationHeaderMalformed", why),
            (Self::S3, Denied::UnknownKey(key)) => Refusal::forbidden(
                "InvalidAccessKeyId",
                "The AWS Access Key Id you provided does not exist in our records.",
            )
            .with("AWSAccessKeyId", key),
            (Self::S3, Denied::Token) => {
                Refusal::bad("InvalidToken", "The provided token is malformed or otherwise invalid.")
            }
            (Self::S3, Denied::Expired) => Refusal::bad("ExpiredToken", "The provided token has expired."),
            (Self::S3, Denied::Mismatch) => Refusal::forbidden(
                "SignatureDoesNotMatch",
                "The request signature we calculated does not match the signature you provided. \
                 Check your key and signing method.",
            ),
            (Self::S3, Denied::Skewed { .. }) => Refusal::forbidden(
                "RequestTimeTooSkewed",
                "The difference between the request time and the current time is too large.",
            ),
            (Self::S3, Denied::Stale) => Refusal::forbidden("AccessDenied", "Request has expired"),
            (Self::S3, Denied::Unsigned(header)) => {
                Refusal::forbidden("AccessDenied", "There were headers present in the request which were not signed")
                    .with("HeadersNotSigned", header)
            }
            (Self::S3, Denied::Region { given, wanted }) => Refusal::bad(
                "AuthorizationHeaderMalformed",
                format!("The authorization header is malformed; the region '{given}' is wrong; expecting '{wanted}'"),
            )
            .with("Region", wanted),
            (Self::S3, Denied::Payload) => Refusal::bad(
                "XAmzContentSHA256Mismatch",
                "The provided 'x-amz-content-sha256' header does not match what was computed.",
            ),
            (Self::Json, Denied::Missing) => {
                Refusal::bad("MissingAuthenticationTokenException", "Missing Authentication Token")
            }
            (Self::Json, Denied::Incomplete(why)) => Refusal::bad("IncompleteSignatureException", why),
            (Self::Json, Denied::UnknownKey(_) | Denied::Token) => Refusal::bad("UnrecognizedClientException", INVALID),
            (Self::Json, Denied::Expired) => Refusal::bad("ExpiredTokenException", EXPIRED),
            (Self::Json, Denied::Skewed { why }) => Refusal::bad("InvalidSignatureException", why),
            (Self::Json, Denied::Region { given, wanted }) => {
                Refusal::bad("InvalidSignatureException", scoped(&given, &wanted))
            }
            (Self::Json, _) => Refusal::bad("InvalidSignatureException", MISMATCH),
            (Self::Xml { .. }, Denied::Missing) => {
                Refusal::forbidden("MissingAuthenticationToken", "Request is missing Authentication Token")
            }
            (Self::Xml { .. }, Denied::Incomplete(why)) => Refusal::bad("IncompleteSignature", why),
            (Self::Xml { .. }, Denied::UnknownKey(_) | Denied::Token) => {
                Refusal::forbidden("InvalidClientTokenId", INVALID)
            }
            (Self::Xml { .. }, Denied::Expired) => Refusal::forbidden("ExpiredToken", EXPIRED),
            (Self::Xml { .. }, Denied::Skewed { why }) => Refusal::forbidden("SignatureDoesNotMatch", why),
            (Self::Xml { .. }, Denied::Region { given, wanted }) => {
                Refusal::forbidden("SignatureDoesNotMatch", scoped(&given, &wanted))
            }
            (Self::Xml { .. }, _) => Refusal::forbidden("SignatureDoesNotMatch", MISMATCH),
        }
    }

    /// How this protocol refuses what the policies do not allow.
    pub(super) fn unauthorised(self, message: String) -> Refusal {
        match self {
            Self::Json => Refusal::bad("AccessDeniedException", message),
            Self::Xml { .. } | Self::S3 => Refusal::forbidden("AccessDenied", message),
        }
    }

    /// Too many requests.
    pub(super) fn throttled(self) -> Refusal {
        match self {
            Self::Xml { .. } => Refusal::bad("Throttling", "Rate exceeded"),
            Self::Json => Refusal::bad("ThrottlingException", "Rate exceeded"),
            Self::S3 => Refusal::new(StatusCode::SERVICE_UNAVAILABLE, "SlowDown", "Please reduce your request rate."),
        }
    }

    /// No such operation.
    pub(super) fn unknown_operation(self) -> Refusal {
        match self {
            Self::Json => Refusal::bad("UnknownOperationException", ""),
            Self::Xml { .. } => Refusal::bad("InvalidAction", "Could not find operation for this request."),
            Self::S3 => Refusal::new(
                StatusCode::METHOD_NOT_ALLOWED,
                "MethodNotAllowed",
                "The specified method is not allowed against this resource.",
            ),
        }
    }

    /// What the server itself refuses.
    pub(super) fn trouble(self, trouble: Trouble) -> Refusal {
        match trouble {
            Trouble::Server => Refusal::internal(),
            Trouble::Throttled => self.throttled(),
            Trouble::TooLarge if self == Self::S3 => {
                Refusal::bad("EntityTooLarge", "Your proposed upload exceeds the maximum allowed size")
            }
            Trouble::TooLarge => {
                Refusal::new(StatusCode::PAYLOAD_TOO_LARGE, "RequestEntityTooLarge", "The request body is too large.")
            }
            Trouble::TooSlow => Refusal::bad(
                "RequestTimeout",
                "Your socket connection to the server was not read from or written to within the timeout period.",
            ),
            Trouble::Broken => Refusal::bad(
                "IncompleteBody",
                "You did not provide the number of bytes specified by the Content-Length HTTP header",
            ),
        }
    }
}

fn scoped(given: &str, wanted: &str) -> String {
    format!("Credential should be scoped to a valid region. '{given}' is not the region of this endpoint, {wanted}.")
}
