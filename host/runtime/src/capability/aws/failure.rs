//! What a service's refusal means: its code, and whether it is worth another try.

use maps_engine::{Class, Problem};

use crate::printable::printable;

/// A refusal as AWS tells it.
pub(super) struct Failure {
    pub(super) status: u16,
    /// AWS's own: `NoSuchHostedZone`. Empty where the answer had none.
    pub(super) code: String,
    pub(super) message: String,
    /// By which AWS's support finds the call.
    pub(super) request: Option<String>,
    pub(super) retry_after_ms: Option<u64>,
}

/// Codes longer than this are not AWS's.
const CODE_BYTES: usize = 96;

impl Failure {
    /// As a problem, of which `what` is refused.
    pub(super) fn problem(&self, what: &str) -> Problem {
        let code = if self.code.is_empty() { format!("HTTP {}", self.status) } else { self.code.clone() };
        let said = match self.message.trim() {
            "" => String::new(),
            text => format!(": {}", printable(text, 2_048)),
        };
        let request =
            self.request.as_deref().map(|id| format!(" (request {})", printable(id, 128))).unwrap_or_default();
        let message = format!("{what} was refused with {}{said}{request}", printable(&code, CODE_BYTES));
        let mut problem = Problem::new(self.class(), self.kebab(), message);
        problem.retry_after_ms = self.retry_after_ms;
        match problem.class {
            Class::Denied => problem.help(match self.code.as_str() {
                "AccessDenied" | "AccessDeniedException" | "UnauthorizedOperation" => {
                    "the credential's own permissions do not allow it: `maps audit --emit iam` prints what the stack needs"
                }
                "RequestExpired" | "RequestTimeTooSkewed" | "InvalidSignatureException" => {
                    "a signature holds for minutes: is this machine's clock right?"
                }
                "ExpiredToken" | "ExpiredTokenException" => "the session has ended: sign in again",
                _ => "AWS does not take the credential: is it the right one, and still active?",
            }),
            _ => problem,
        }
    }

    /// The class of a code by what its documentation says, of any other by its form and its status.
    fn class(&self) -> Class {
        match self.code.as_str() {
            "Throttling"
            | "ThrottlingException"
            | "ThrottledException"
            | "RequestThrottled"
            | "RequestThrottledException"
            | "RequestLimitExceeded"
            | "TooManyRequestsException"
            | "SlowDown"
            // Others are changing the same: it passes as soon as they are done.
            | "TooManyUpdates"
            | "ConcurrentModification"
            | "PriorRequestNotComplete" => Class::Throttled,
            "AccessDenied"
            | "AccessDeniedException"
            | "AllAccessDisabled"
            | "UnauthorizedOperation"
            | "OptInRequired"
            | "InvalidClientTokenId"
            | "InvalidAccessKeyId"
            | "UnrecognizedClientException"
            | "SignatureDoesNotMatch"
            | "InvalidSignatureException"
            | "IncompleteSignature"
            | "MissingAuthenticationToken"
            | "MissingAuthenticationTokenException"
            | "ExpiredToken"
            | "ExpiredTokenException"
            | "RequestExpired"
            | "RequestTimeTooSkewed" => Class::Denied,
            "InternalError"
            | "InternalFailure"
            | "InternalServerError"
            | "ServiceFailure"
            | "ServiceUnavailable"
            | "EntityTemporarilyUnmodifiable"
            | "OperationAborted" => Class::Unavailable,
            "RequestTimeout" | "RequestTimeoutException" => Class::Timeout,
            "ParameterNotFound" | "InvalidResourceId" => Class::NotFound,
            "DeleteConflict" | "BucketNotEmpty" | "ConflictingDomainExists" | "BucketAlreadyOwnedByYou" => Class::Conflict,
            code if code.starts_with("NoSuch") => Class::NotFound,
            code if code.contains("AlreadyExist") => Class::Conflict,
            _ => match self.status {
                401 | 403 => Class::Denied,
                404 | 410 => Class::NotFound,
                408 | 504 => Class::Timeout,
                409 | 412 => Class::Conflict,
                429 => Class::Throttled,
                400..=499 => Class::Invalid,
                500..=599 => Class::Unavailable,
                _ => Class::Internal,
            },
        }
    }

    /// `NoSuchHostedZone` as `no-such-hosted-zone`.
    fn kebab(&self) -> String {
        let plain = !self.code.is_empty() && self.code.len() <= CODE_BYTES;
        if !plain || !self.code.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'-' | b'_')) {
            return format!("http-{}", self.status);
        }
        let mut kebab = String::new();
        let chars: Vec<char> = self.code.chars().collect();
        for (at, c) in chars.iter().enumerate() {
            let before = at.checked_sub(1).and_then(|at| chars.get(at));
            let after = chars.get(at + 1);
            let begins = c.is_ascii_uppercase()
                && (before.is_some_and(|before| before.is_ascii_lowercase() || before.is_ascii_digit())
                    || before.is_some_and(char::is_ascii_uppercase) && after.is_some_and(char::is_ascii_lowercase));
            if begins && !kebab.ends_with('-') {
                kebab.push('-');
            }
            kebab.push(if c.is_ascii_alphanumeric() { c.to_ascii_lowercase() } else { '-' });
        }
        kebab
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn problem(status: u16, code: &str) -> (Class, String) {
        let failure = Failure {
            status,
            code: code.to_owned(),
            message: "why".to_owned(),
            request: Some("id".to_owned()),
            retry_after_ms: None,
        };
        let problem = failure.problem("ssm PutParameter");
        assert!(problem.message.contains("why (request id)"), "{}", problem.message);
        (problem.class, problem.code)
    }

    #[test]
    fn a_refusal_has_its_class_and_its_code() {
        for (status, code, class, kebab) in [
            (400, "ThrottlingException", Class::Throttled, "throttling-exception"),
            (400, "PriorRequestNotComplete", Class::Throttled, "prior-request-not-complete"),
            (404, "NoSuchHostedZone", Class::NotFound, "no-such-hosted-zone"),
            (400, "ParameterAlreadyExists", Class::Conflict, "parameter-already-exists"),
            (409, "EntityAlreadyExists", Class::Conflict, "entity-already-exists"),
            (400, "InvalidChangeBatch", Class::Invalid, "invalid-change-batch"),
            (400, "InvalidKMSKeyId", Class::Invalid, "invalid-kms-key-id"),
            (403, "SignatureDoesNotMatch", Class::Denied, "signature-does-not-match"),
            (500, "InternalFailure", Class::Unavailable, "internal-failure"),
            (502, "", Class::Unavailable, "http-502"),
            (400, "<script>", Class::Invalid, "http-400"),
        ] {
            assert_eq!(problem(status, code), (class, kebab.to_owned()), "{code}");
        }
    }
}
