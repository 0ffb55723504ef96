//! A panic is a trap; before it, the message goes to the host's log.

/// Sends the messages of panics to the log. A fresh instance serves each call, so every export
/// begins with this; those of [`plugin!`](crate::plugin) do it by themselves. The tests of native builds keep the hook they have.
pub fn report_panics() {
    #[cfg(target_arch = "wasm32")]
    std::panic::set_hook(Box::new(|panic| {
        let message = panic.payload_as_str().unwrap_or("no message");
        match panic.location() {
            Some(at) => crate::error!("the plugin panicked at {}:{}: {message}", at.file(), at.line()),
            None => crate::error!("the plugin panicked: {message}"),
        }
    }));
}
