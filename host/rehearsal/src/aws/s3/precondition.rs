//! Conditional reads and writes.

use http::StatusCode;

use super::model::Version;
use crate::aws::refusal::Refusal;
use crate::service::Call;

fn failed(condition: &'static str) -> Refusal {
    let message = "At least one of the pre-conditions you specified did not hold";
    Refusal::new(StatusCode::PRECONDITION_FAILED, "PreconditionFailed", message).with("Condition", condition)
}

fn fits(header: &str, etag: &str) -> bool {
    header
        .split(',')
        .map(|tag| tag.trim().trim_start_matches("W/").trim_matches('"'))
        .any(|tag| tag == "*" || tag == etag)
}

/// Whether a write may go on, given what is there.
pub(super) fn write(call: &Call, current: Option<&Version>) -> Result<(), Refusal> {
    if let Some(header) = call.header("if-none-match") {
        if header.trim() != "*" {
            let message = "A header you provided implies functionality that is not implemented.";
            return Err(
                Refusal::new(StatusCode::NOT_IMPLEMENTED, "NotImplemented", message).with("Header", "If-None-Match")
            );
        }
        if current.is_some() {
            return Err(failed("If-None-Match"));
        }
    }
    match (call.header("if-match"), current) {
        (Some(_), None) => Err(Refusal::missing("NoSuchKey", "The specified key does not exist.")),
        (Some(header), Some(version)) if !fits(header, &version.etag) => Err(failed("If-Match")),
        _ => Ok(()),
    }
}

/// Whether a copy may go on, given its source.
pub(super) fn copy(call: &Call, source: &Version) -> Result<(), Refusal> {
    const MATCH: &str = "x-amz-copy-source-if-match";
    const NONE_MATCH: &str = "x-amz-copy-source-if-none-match";
    match (call.header(MATCH), call.header(NONE_MATCH)) {
        (Some(header), _) if !fits(header, &source.etag) => Err(failed(MATCH)),
        (_, Some(header)) if fits(header, &source.etag) => Err(failed(NONE_MATCH)),
        _ => Ok(()),
    }
}

/// Whether a read may go on; `false` where the client has it already.
pub(super) fn read(call: &Call, version: &Version) -> Result<bool, Refusal> {
    if call.header("if-match").is_some_and(|header| !fits(header, &version.etag)) {
        return Err(failed("If-Match"));
    }
    Ok(call.header("if-none-match").is_none_or(|header| !fits(header, &version.etag)))
}
