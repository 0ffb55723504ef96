//! Text that somebody else wrote, made harmless: the only text that rows may hold.

use std::borrow::Cow;
use std::fmt;

/// Text without anything that moves a cursor, ends a line or turns the direction of writing.
///
/// Rows hold this and not `String`, so that no renderer can print foreign text as it came.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize)]
#[serde(transparent)]
pub(crate) struct Text(String);

impl Text {
    /// One line, with everything dangerous spelled out: `\u{1b}`.
    pub(crate) fn line(foreign: &str) -> Self {
        Self(spelled_out(foreign).into_owned())
    }

    /// One line that people take for a name, an address or a rule: all that is not ASCII is spelled
    /// out, since a letter of another script may look like one of ours.
    pub(crate) fn name(foreign: &str) -> Self {
        Self(spelled(foreign, |c| is_dangerous(c) || !c.is_ascii()).into_owned())
    }

    /// One line in any language. In a word that has ASCII letters, letters of other scripts are
    /// spelled out: `p\u{430}ypal` is no word of any language.
    pub(crate) fn prose(foreign: &str) -> Self {
        let safe = spelled_out(foreign);
        let mixed = |word: &str| word.chars().any(|c| c.is_ascii_alphabetic()) && word.chars().any(is_foreign_letter);
        if !safe.split(|c: char| !c.is_alphanumeric()).any(mixed) {
            return Self(safe.into_owned());
        }
        let words = safe.split_inclusive(|c: char| !c.is_alphanumeric());
        Self(words.map(|word| if mixed(word) { spelled(word, is_foreign_letter) } else { word.into() }).collect())
    }

    /// As it stands.
    pub(crate) fn as_str(&self) -> &str {
        &self.0
    }

    /// How many characters wide, roughly.
    pub(crate) fn width(&self) -> usize {
        self.0.chars().count()
    }
}

impl fmt::Display for Text {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.0)
    }
}

/// Foreign text of several lines: each made harmless, the line breaks kept.
pub(crate) fn block(foreign: &str) -> String {
    foreign.lines().map(spelled_out).collect::<Vec<_>>().join("\n")
}

fn spelled_out(foreign: &str) -> Cow<'_, str> {
    spelled(foreign, is_dangerous)
}

fn spelled(foreign: &str, hides: impl Fn(char) -> bool) -> Cow<'_, str> {
    if !foreign.chars().any(&hides) {
        return Cow::Borrowed(foreign);
    }
    let mut text = String::with_capacity(foreign.len() + 8);
    for c in foreign.chars() {
        if hides(c) { text.extend(c.escape_default()) } else { text.push(c) }
    }
    Cow::Owned(text)
}

/// A letter that is none of the Latin script as languages write it. Letters made for formulas, and
/// those as wide as a Chinese character, only look Latin.
fn is_foreign_letter(c: char) -> bool {
    let latin = matches!(c, '\u{aa}' | '\u{ba}' | '\u{c0}'..='\u{24f}' | '\u{1e00}'..='\u{1eff}');
    c.is_alphabetic() && !c.is_ascii() && !latin
}

/// Escapes every dangerous character of a JSON text: they can only stand inside strings there, so
/// the text means the same and is safe to show.
pub(crate) fn json_line(json: &str) -> Cow<'_, str> {
    use std::fmt::Write as _;
    if !json.chars().any(is_dangerous) {
        return Cow::Borrowed(json);
    }
    let mut text = String::with_capacity(json.len() + 8);
    let mut units = [0; 2];
    for c in json.chars() {
        if is_dangerous(c) {
            for unit in c.encode_utf16(&mut units) {
                // Writing to a string cannot fail.
                let _ = write!(text, "\\u{unit:04x}");
            }
        } else {
            text.push(c);
        }
    }
    Cow::Owned(text)
}

/// Control characters, marks that reorder what is written, characters without a width, and those
/// that end a line or hide in one.
fn is_dangerous(c: char) -> bool {
    c.is_control()
        || matches!(c,
            '\u{00ad}'
            | '\u{061c}'
            | '\u{115f}'..='\u{1160}'
            | '\u{17b4}'..='\u{17b5}'
            | '\u{180b}'..='\u{180f}'
            | '\u{200b}'..='\u{200f}'
            | '\u{2028}'..='\u{202e}'
            | '\u{2060}'..='\u{206f}'
            | '\u{3164}'
            | '\u{feff}'
            | '\u{ffa0}'
            | '\u{fff0}'..='\u{fffb}'
            | '\u{e0000}'..='\u{e0fff}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rt35_escape_sequences_and_bidi_are_spelled_out() {
        let evil = "ok\u{1b}[2K\u{1b}]0;t\u{7}\r\nPlan: 0\u{202e}txt\u{2066}\u{9b}31m\u{200b}\u{e0041}";
        let shown = Text::line(evil);
        assert_eq!(
            shown.as_str(),
            "ok\\u{1b}[2K\\u{1b}]0;t\\u{7}\\r\\nPlan: 0\\u{202e}txt\\u{2066}\\u{9b}31m\\u{200b}\\u{e0041}"
        );
        assert!(!shown.as_str().chars().any(is_dangerous));
    }

    #[test]
    fn rt35_a_block_keeps_its_lines_and_nothing_else() {
        assert_eq!(block("a\nb\r\u{1b}[1A\tc"), "a\nb\\r\\u{1b}[1A\\tc");
    }

    #[test]
    fn rt35_json_means_the_same_and_holds_nothing_dangerous() {
        let value = serde_json::json!({"k\u{202e}": "a\u{1b}\u{e0041}\u{9b}è"});
        let text = value.to_string();
        let safe = json_line(&text);
        assert!(!safe.chars().any(is_dangerous));
        assert_eq!(serde_json::from_str::<serde_json::Value>(&safe).ok(), Some(value));
    }

    #[test]
    fn rt35_letters_that_look_like_ours_are_spelled_out() {
        assert_eq!(Text::name("https://\u{430}pi.example/\u{ff41}").as_str(), "https://\\u{430}pi.example/\\u{ff41}");
        assert_eq!(
            Text::prose("reads your p\u{430}ypal, \u{1d41a}b").as_str(),
            "reads your p\\u{430}ypal, \\u{1d41a}b"
        );
        assert_eq!(Text::prose("\u{1b}[2Kwipes").as_str(), "\\u{1b}[2Kwipes");
        for plain in ["liest die Größe, naïve Ærø, Đà Nẵng", "читает кластер", "読む cluster", "maps — è 東京"]
        {
            assert_eq!(Text::prose(plain).as_str(), plain);
        }
    }

    #[test]
    fn ordinary_text_stays_as_it_is() {
        assert_eq!(Text::line("maps — Gran Sasso è 東京").as_str(), "maps — Gran Sasso è 東京");
    }
}
