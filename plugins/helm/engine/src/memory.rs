//! How much memory is left in the sandbox, so that what takes too much ends in a diagnostic that says where.
//!
//! The host stops a guest at its limit, which tells nothing of the chart. Natively nothing is bounded here.

/// What the host gives a guest: a module has that much in all, of which what was freed is used again but not returned.
#[cfg(target_arch = "wasm32")]
const GUEST: usize = 256 << 20;

/// Kept for what is made between two looks, and for telling what happened.
#[cfg(target_arch = "wasm32")]
const RESERVE: usize = 24 << 20;

/// Refuses to go on where `amount` bytes more would come close to the end.
#[cfg(target_arch = "wasm32")]
pub(crate) fn check(amount: usize) -> Result<(), String> {
    const PAGE: usize = 64 << 10;
    let taken = core::arch::wasm32::memory_size::<0>().saturating_mul(PAGE);
    if taken.saturating_add(amount).saturating_add(RESERVE) > GUEST {
        return Err(format!("this takes more memory than the {} MiB that there are", GUEST >> 20));
    }
    Ok(())
}

/// Refuses nothing: a program that is no guest has the memory of its machine.
#[cfg(not(target_arch = "wasm32"))]
#[expect(clippy::unnecessary_wraps, reason = "as in the sandbox")]
pub(crate) fn check(_: usize) -> Result<(), String> {
    Ok(())
}
