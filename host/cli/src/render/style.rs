//! The colours, each with one meaning.

use anstyle::{AnsiColor, Style};
use maps_engine::plan::Action;

/// Names and results.
pub(crate) const STRONG: Style = Style::new().bold();
/// What may be overlooked.
pub(crate) const DIM: Style = Style::new().dimmed();
/// It went well; it is made.
pub(crate) const GOOD: Style = AnsiColor::Green.on_default();
/// It changes; take care.
pub(crate) const CHANGE: Style = AnsiColor::Yellow.on_default();
/// It goes; it failed.
pub(crate) const BAD: Style = AnsiColor::Red.on_default();
/// It goes and comes back.
pub(crate) const REPLACE: Style = AnsiColor::Magenta.on_default();
/// State learns of it.
pub(crate) const LEARN: Style = AnsiColor::Cyan.on_default();

/// An action's colour, sign and verb.
pub(crate) fn action(action: Action) -> (Style, &'static str, &'static str) {
    match action {
        Action::Same => (DIM, "·", "unchanged"),
        Action::Create => (GOOD, "+", "create"),
        Action::Update => (CHANGE, "~", "update"),
        Action::Replace => (REPLACE, "±", "replace"),
        Action::Delete => (BAD, "-", "delete"),
        Action::Adopt => (LEARN, "←", "adopt"),
        Action::Resume => (LEARN, "»", "resume"),
        Action::Forget => (CHANGE, "○", "forget"),
    }
}

/// The text in a style. The escape sequences are taken out again where there is no colour.
pub(crate) fn paint(style: Style, text: impl std::fmt::Display) -> String {
    format!("{style}{text}{style:#}")
}
