//! The body of a request behind its framing, with its checksums verified.

use super::checksum;
use crate::aws::chunked;
use crate::aws::context::Context;
use crate::aws::refusal::Refusal;

/// Content with the checksum that came with it.
pub(super) struct Content {
    pub(super) bytes: Vec<u8>,
    pub(super) checksum: Option<(String, String)>,
}

/// The content of an object or a part.
pub(super) fn content(context: &Context<'_, '_>) -> Result<Content, Refusal> {
    let unwrapped = chunked::unwrap(context.call, &context.verified)?;
    let checksum = checksum::verify(context.call, &unwrapped)?;
    Ok(Content { bytes: unwrapped.body, checksum })
}

/// A document.
pub(super) fn plain(context: &Context<'_, '_>) -> Result<Vec<u8>, Refusal> {
    Ok(content(context)?.bytes)
}
