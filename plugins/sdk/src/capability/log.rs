//! Lines for the operator, by the macros [`debug!`](crate::debug), [`info!`](crate::info),
//! [`warn!`](crate::warn) and [`error!`](crate::error).

#[cfg(target_arch = "wasm32")]
use crate::bindings::maps::platform::log as host;
#[cfg(not(target_arch = "wasm32"))]
use crate::testing::log as host;

pub use crate::bindings::maps::platform::log::Level;

/// Writes one line.
pub fn write(level: Level, message: &str) {
    host::write(level, message);
}

/// Says what only a plugin's author wants to know.
#[macro_export]
macro_rules! debug {
    ($($part:tt)*) => { $crate::log::write($crate::log::Level::Debug, &::std::format!($($part)*)) };
}

/// Says what an operator may like to know.
#[macro_export]
macro_rules! info {
    ($($part:tt)*) => { $crate::log::write($crate::log::Level::Info, &::std::format!($($part)*)) };
}

/// Says what an operator should look at.
#[macro_export]
macro_rules! warn {
    ($($part:tt)*) => { $crate::log::write($crate::log::Level::Warn, &::std::format!($($part)*)) };
}

/// Says what went wrong, where no problem can be answered.
#[macro_export]
macro_rules! error {
    ($($part:tt)*) => { $crate::log::write($crate::log::Level::Error, &::std::format!($($part)*)) };
}
