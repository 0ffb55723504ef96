//! Checksums that bind a text to what came before it.

use std::fmt;

use sha2::{Digest as _, Sha256};

/// The length of a sum in hex digits.
pub(crate) const HEX: usize = 64;

/// A SHA-256 sum: of a snapshot, or of a journal up to and with one of its lines.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) struct Sum([u8; 32]);

impl Sum {
    /// Over the parts, each preceded by its length so that no two lists of parts are one text.
    pub(crate) fn of(parts: &[&[u8]]) -> Self {
        let mut hash = Sha256::new();
        for part in parts {
            hash.update((part.len() as u64).to_be_bytes());
            hash.update(part);
        }
        Self(hash.finalize().into())
    }

    /// The sum after this one, once `line` with number `number` follows.
    pub(crate) fn then(&self, number: u64, line: &[u8]) -> Self {
        Self::of(&[&self.0, &number.to_be_bytes(), line])
    }

    /// Reads what `Display` writes.
    pub(crate) fn parse(text: &[u8]) -> Option<Self> {
        let mut sum = [0; 32];
        if text.len() != HEX {
            return None;
        }
        for (byte, pair) in sum.iter_mut().zip(text.chunks_exact(2)) {
            *byte = digit(pair[0])? << 4 | digit(pair[1])?;
        }
        Some(Self(sum))
    }
}

fn digit(byte: u8) -> Option<u8> {
    match byte {
        b'0'..=b'9' => Some(byte - b'0'),
        b'a'..=b'f' => Some(byte - b'a' + 10),
        _ => None,
    }
}

impl fmt::Display for Sum {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

impl fmt::Debug for Sum {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}
