//! `random`: bytes from the operating system.

use maps_engine::capability::Interface;

use crate::bindings::maps::platform::random;
use crate::guest::Guest;
use crate::limits::{Exceeded, RANDOM_BYTES};

impl random::Host for Guest {
    fn bytes(&mut self, count: u32) -> wasmtime::Result<Vec<u8>> {
        // As with the clock: refused before it runs, and here once more.
        if !self.may(Interface::Random) {
            return Err(self.not_granted(Interface::Random).into());
        }
        if count > RANDOM_BYTES {
            return Err(Exceeded::Random(RANDOM_BYTES).into());
        }
        let mut bytes = vec![0; count as usize];
        getrandom::fill(&mut bytes).map_err(|error| wasmtime::Error::msg(format!("no randomness: {error}")))?;
        Ok(bytes)
    }
}
