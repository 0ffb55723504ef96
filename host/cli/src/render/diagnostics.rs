//! Diagnostics under the text they are about.

use std::collections::BTreeMap;
use std::ops::Range;

use annotate_snippets::renderer::DecorStyle;
use annotate_snippets::{AnnotationKind, Group, Level, Origin, Renderer, Snippet};
use maps_engine::{Diagnostic, Severity, Span};

use super::text::{self, Text};

/// The texts that spans point into, by the name they were read under.
#[derive(Clone, Debug, Default)]
pub(crate) struct Sources {
    texts: BTreeMap<String, String>,
}

impl Sources {
    /// Keeps a text.
    pub(crate) fn add(&mut self, name: impl Into<String>, text: impl Into<String>) {
        self.texts.insert(name.into(), text.into());
    }

    fn get(&self, name: &str) -> Option<&str> {
        self.texts.get(name).map(String::as_str)
    }
}

/// Draws the diagnostics, errors first, each with the lines it is about.
pub(crate) fn draw(diagnostics: &[Diagnostic], sources: &Sources) -> String {
    let mut ordered: Vec<&Diagnostic> = diagnostics.iter().collect();
    ordered.sort_by_key(|diagnostic| {
        (diagnostic.severity, diagnostic.span.as_ref().map(|span| (span.file.clone(), span.start)))
    });
    ordered.into_iter().map(|diagnostic| one(diagnostic, sources)).collect::<Vec<_>>().join("\n")
}

fn one(diagnostic: &Diagnostic, sources: &Sources) -> String {
    let level = match diagnostic.severity {
        Severity::Error => Level::ERROR,
        Severity::Warning => Level::WARNING,
    };
    let message = text::block(&diagnostic.message);
    let mut main = Group::with_title(level.primary_title(message).id(diagnostic.code));
    let places = places(diagnostic);
    // Each file once, with everything that is marked in it.
    let mut files: Vec<&str> = Vec::new();
    for (span, _, _) in &places {
        if !files.contains(&&*span.file) {
            files.push(&span.file);
        }
    }
    for file in files {
        let here = places.iter().filter(|(span, _, _)| &*span.file == file);
        match sources.get(file) {
            Some(source) => {
                let shown = Shown::of(source);
                let mut snippet = Snippet::source(shown.text.clone()).path(Text::line(file).to_string()).fold(true);
                for (span, label, kind) in here {
                    let label = (!label.is_empty()).then(|| Text::line(label).to_string());
                    snippet = snippet.annotation(kind.span(shown.place(span)).label(label));
                }
                main = main.element(snippet);
            }
            None => {
                for (span, _, _) in here {
                    let origin = Origin::path(Text::line(file).to_string()).line(span.line).char_column(span.column);
                    main = main.element(origin);
                }
            }
        }
    }
    if let Some(help) = &diagnostic.help {
        main = main.element(Level::HELP.message(text::block(help)));
    }
    let renderer = Renderer::styled().decor_style(DecorStyle::Unicode);
    format!("{}\n", renderer.render(&[main]))
}

fn places(diagnostic: &Diagnostic) -> Vec<(&Span, &str, AnnotationKind)> {
    let main = diagnostic.span.iter().map(|span| (span, "", AnnotationKind::Primary));
    let related = diagnostic.related.iter().map(|(span, what)| (span, what.as_str(), AnnotationKind::Context));
    main.chain(related).collect()
}

/// A source whose dangerous characters are replaced one by one, so that what is quoted from a
/// stack file cannot act upon the terminal; spans are moved along.
struct Shown {
    text: String,
    /// Where each byte of the original begins in `text`.
    moved: Vec<usize>,
}

impl Shown {
    fn of(source: &str) -> Self {
        let mut text = String::with_capacity(source.len());
        let mut moved = Vec::with_capacity(source.len() + 1);
        for c in source.chars() {
            moved.extend(std::iter::repeat_n(text.len(), c.len_utf8()));
            if c == '\n' || c == '\t' || c == '\r' {
                text.push(if c == '\r' { ' ' } else { c });
            } else {
                text.push_str(Text::line(c.encode_utf8(&mut [0; 4])).as_str());
            }
        }
        moved.push(text.len());
        Self { text, moved }
    }

    fn place(&self, span: &Span) -> Range<usize> {
        let at = |offset: usize| self.moved.get(offset).copied().unwrap_or(self.text.len());
        let start = at(span.start);
        start..at(span.end).max(start)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const STACK: &str = "maps: v1\nstack: maps\nresources:\n  cluster:\n    typ: doks/cluster\n    typ: x\n";

    fn span(needle: &str, nth: usize) -> Span {
        let (start, _) = STACK.match_indices(needle).nth(nth).unwrap_or((STACK.len(), ""));
        let line = STACK[..start].matches('\n').count() + 1;
        Span { file: "stack.yaml".into(), start, end: start + needle.len(), line, column: 5 }
    }

    fn drawn(diagnostics: &[Diagnostic], known: bool) -> String {
        let mut sources = Sources::default();
        if known {
            sources.add("stack.yaml", STACK);
        }
        anstream::adapter::strip_str(&draw(diagnostics, &sources)).to_string()
    }

    fn diagnostics() -> Vec<Diagnostic> {
        vec![
            Diagnostic {
                severity: Severity::Warning,
                code: "unused-input",
                message: "nothing uses the input \u{1b}[31mdomain".into(),
                span: None,
                related: Vec::new(),
                help: None,
            },
            Diagnostic {
                severity: Severity::Error,
                code: "duplicate-key",
                message: "`typ` stands here twice".into(),
                span: Some(span("typ", 1)),
                related: vec![(span("typ", 0), "first defined here".into())],
                help: Some("did you mean `type`?".into()),
            },
        ]
    }

    #[test]
    fn every_diagnostic_shows_its_lines_and_what_to_do() {
        insta::assert_snapshot!(drawn(&diagnostics(), true));
    }

    #[test]
    fn a_place_in_an_unknown_text_is_named() {
        insta::assert_snapshot!(drawn(&diagnostics()[1..], false));
    }

    #[test]
    fn rt35_a_quoted_line_cannot_act_upon_the_terminal() {
        let source = "name: \u{1b}[31m\u{202e}x # end\n";
        let shown = Shown::of(source);
        assert!(!shown.text.contains(['\u{1b}', '\u{202e}']));
        let x = source.find('x').unwrap_or(0);
        let place = shown.place(&Span { file: "s".into(), start: x, end: x + 1, line: 1, column: 1 });
        assert_eq!(&shown.text[place], "x");
    }

    #[test]
    fn a_span_past_the_end_is_no_panic() {
        let mut diagnostic = diagnostics().remove(1);
        diagnostic.span = Some(Span { file: "stack.yaml".into(), start: 9999, end: 10_003, line: 9, column: 1 });
        assert!(drawn(&[diagnostic], true).contains("duplicate-key"));
    }
}
