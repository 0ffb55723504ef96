//! Everything that is printed. Commands hand over rows; here they become text or JSON lines.

pub(crate) mod audit;
pub(crate) mod capabilities;
pub(crate) mod diagnostics;
pub(crate) mod difference;
pub(crate) mod json;
pub(crate) mod kind;
pub(crate) mod laws;
pub(crate) mod outputs;
pub(crate) mod permissions;
pub(crate) mod plan;
pub(crate) mod plugin;
pub(crate) mod progress;
pub(crate) mod rbac;
pub(crate) mod reporter;
pub(crate) mod rows;
pub(crate) mod screen;
pub(crate) mod style;
pub(crate) mod summary;
pub(crate) mod text;
pub(crate) mod value;

pub(crate) use screen::Screen;
