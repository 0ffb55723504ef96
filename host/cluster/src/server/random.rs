//! What has to be different each time: uids, suffixes of names.

/// The letters of generated names; those that could make words are left out, as upstream does.
const LETTERS: &[u8; 27] = b"bcdfghjklmnpqrstvwxz2456789";

/// The system's randomness.
#[derive(Debug, Default)]
pub(crate) struct Random;

impl Random {
    /// Sixty-four random bits.
    pub(crate) fn bits(&mut self) -> u64 {
        // A system without randomness could not have opened a TLS connection either.
        getrandom::u64().unwrap_or_default()
    }

    /// A version 4 UUID.
    pub(crate) fn uid(&mut self) -> String {
        let high = (self.bits() & 0xffff_ffff_ffff_0fff) | 0x4000;
        let low = (self.bits() & 0x3fff_ffff_ffff_ffff) | 0x8000_0000_0000_0000;
        let (high, low) = (format!("{high:016x}"), format!("{low:016x}"));
        format!("{}-{}-{}-{}-{}", &high[..8], &high[8..12], &high[12..], &low[..4], &low[4..])
    }

    /// Letters for the end of a name.
    pub(crate) fn suffix(&mut self, length: usize) -> String {
        (0..length).map(|_| char::from(LETTERS[(self.bits() % LETTERS.len() as u64) as usize])).collect()
    }
}
