//! `clock`: the wall clock.

use std::time::{SystemTime, UNIX_EPOCH};

use maps_engine::capability::Interface;

use crate::bindings::maps::platform::clock;
use crate::guest::Guest;

impl clock::Host for Guest {
    fn now(&mut self) -> wasmtime::Result<u64> {
        // The function has no way to answer with a refusal; a plugin whose import is not granted
        // is refused before it runs, so this is reached by no plugin.
        if !self.may(Interface::Clock) {
            return Err(self.not_granted(Interface::Clock).into());
        }
        let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        Ok(u64::try_from(since.as_millis()).unwrap_or(u64::MAX))
    }
}
