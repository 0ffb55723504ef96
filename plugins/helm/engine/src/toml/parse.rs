//! The reader, with the library's messages: "toml: line 2 (last key \"a\"): …".

use super::DEPTH;
use super::lexer::{Lexer, Problem, Result, quoted};
use super::number;
use super::table::{Document, Node, Table, show, value};
use crate::value::{Map, Str, Value};

/// Reads a document.
///
/// # Errors
/// What is no TOML, in the library's words.
pub fn parse(input: &[u8]) -> std::result::Result<Map, String> {
    let input = input.strip_prefix(b"\xef\xbb\xbf").unwrap_or(input);
    if input.iter().take(6).any(|byte| *byte == 0) {
        return Err(
            "toml: line 1: files cannot contain NULL bytes; probably using UTF-16; TOML files must be UTF-8".to_owned()
        );
    }
    let mut parser =
        Parser { lexer: Lexer::new(input), document: Document::default(), current: Str::from(""), line: 1, depth: 0 };
    match parser.document() {
        Ok(()) => Ok(parser.document.finish()),
        Err(Problem { message, line }) => {
            let mut key = parser.document.context;
            if !parser.current.is_empty() {
                key.push(parser.current);
            }
            if key.is_empty() {
                return Err(format!("toml: line {line}: {message}"));
            }
            let key = super::lexer::quoted_text(show(&key).as_bytes());
            Err(format!("toml: line {line} (last key {key}): {message}"))
        }
    }
}

struct Parser<'a> {
    lexer: Lexer<'a>,
    document: Document,
    /// The last part of the key whose value is read.
    current: Str,
    /// Where the key began that is read.
    line: usize,
    depth: usize,
}

/// A character, or the end, as the messages about lists show it.
fn found(character: Option<char>) -> String {
    character.map_or_else(|| "end of file".to_owned(), |character| format!("'{character}'"))
}

impl Parser<'_> {
    fn document(&mut self) -> Result<()> {
        loop {
            self.lexer.skip_lines()?;
            match self.lexer.peek()? {
                None => return Ok(()),
                Some('[') => {
                    self.lexer.next()?;
                    self.header()?;
                }
                Some(_) => self.entry()?,
            }
            self.lexer.skip_blanks()?;
            match self.lexer.next()? {
                None | Some('\n' | '\r') => {}
                Some('#') => self.lexer.comment()?,
                other => {
                    let message = "expected a top-level item to end with a newline, comment, or EOF, but got";
                    return Err(self.lexer.problem(format!("{message} {} instead", quoted(other))));
                }
            }
        }
    }

    /// Does something to the document, whose problems are the key's.
    fn checked(&mut self, change: impl FnOnce(&mut Document) -> std::result::Result<(), String>) -> Result<()> {
        let line = self.line;
        change(&mut self.document).map_err(|message| Problem { message, line })
    }

    /// `[key]` or `[[key]]`, behind the first bracket.
    fn header(&mut self) -> Result<()> {
        let array = self.lexer.accept('[')?;
        let mut key = Vec::new();
        self.line = self.lexer.line;
        loop {
            self.lexer.skip_blanks()?;
            match self.lexer.peek()? {
                None | Some(']') => {
                    return Err(self.lexer.problem("unexpected end of table name (table names cannot be empty)"));
                }
                Some('.') => {
                    return Err(self.lexer.problem("unexpected table separator (table names cannot be empty)"));
                }
                Some(_) => key.push(Str::from(self.lexer.name()?)),
            }
            self.lexer.skip_blanks()?;
            match self.lexer.next()? {
                Some('.') => {}
                Some(']') => break,
                other => {
                    let message = format!("expected '.' or ']' to end table name, but got {} instead", quoted(other));
                    return Err(self.lexer.problem_at(other, message));
                }
            }
            self.bound(key.len())?;
        }
        if array {
            let close = self.lexer.next()?;
            if close != Some(']') {
                let close_shown = quoted(close);
                let message = format!("expected end of table array name delimiter ']', but got {close_shown} instead");
                return Err(self.lexer.problem_at(close, message));
            }
        }
        self.checked(|document| document.enter(&key, array))
    }

    /// Refuses what is nested too deeply.
    fn bound(&self, depth: usize) -> Result<()> {
        if depth > DEPTH { Err(self.lexer.problem(format!("exceeded max depth of {DEPTH}"))) } else { Ok(()) }
    }

    /// The parts of a key, up to its `=`.
    fn key(&mut self) -> Result<Vec<Str>> {
        self.lexer.skip_blanks()?;
        match self.lexer.peek()? {
            None | Some('=') => return Err(self.lexer.problem("unexpected '=': key name appears blank")),
            Some('.') => return Err(self.lexer.problem("unexpected '.': keys cannot start with a '.'")),
            Some(_) => {}
        }
        self.line = self.lexer.line;
        let mut key = Vec::new();
        loop {
            self.lexer.skip_blanks()?;
            match self.lexer.peek()? {
                None | Some('=') => return Err(self.lexer.problem("unexpected '='")),
                Some('.') => return Err(self.lexer.problem("unexpected '.'")),
                Some(_) => key.push(Str::from(self.lexer.name()?)),
            }
            self.lexer.skip_blanks()?;
            match self.lexer.next()? {
                Some('.') => {}
                Some('=') => return Ok(key),
                None => return Err(self.lexer.problem_at(None, "unexpected EOF; expected key separator '='")),
                other => {
                    let message = format!("expected '.' or '=', but got {} instead", quoted(other));
                    return Err(match other {
                        Some('\n') => self.lexer.problem_before(message),
                        _ => self.lexer.problem(message),
                    });
                }
            }
            self.bound(key.len() + self.document.context.len())?;
        }
    }

    /// `key = value`, within the current table. Answers the key's parts and the value.
    fn pair(&mut self) -> Result<(Vec<Str>, Node)> {
        let mut key = self.key()?;
        let Some(last) = key.pop() else {
            return Err(self.lexer.problem("unexpected '=': key name appears blank"));
        };
        self.current = last.clone();
        for part in &key {
            let mut context = self.document.context.clone();
            context.push(part.clone());
            self.checked(|document| {
                document.imply(&context);
                document.enter(&context, false)
            })?;
        }
        let node = self.value(false)?;
        self.current = last.clone();
        self.checked(|document| document.set(&last, node.clone()))?;
        key.push(last);
        Ok((key, node))
    }

    fn entry(&mut self) -> Result<()> {
        let outer = self.document.context.clone();
        self.pair()?;
        self.document.context = outer;
        self.current = Str::from("");
        Ok(())
    }

    fn value(&mut self, in_array: bool) -> Result<Node> {
        self.lexer.skip_blanks()?;
        let first = self.lexer.next()?;
        let value = match first {
            Some('[') => return self.array(),
            Some('{') => return self.inline_table(in_array),
            Some(quote @ ('"' | '\'')) => Str::from(self.lexer.string(quote)?).into(),
            Some(digit @ ('0'..='9' | '+' | '-')) => number::scan(&mut self.lexer, digit)?,
            Some('.') => return Err(self.lexer.problem("floats must start with a digit, not '.'")),
            Some(letter) if letter.is_alphabetic() => self.word(letter)?,
            None => return Err(self.lexer.problem_at(None, "unexpected EOF; expected value")),
            other => {
                let message = format!("expected value but found {} instead", quoted(other));
                return Err(match other {
                    Some('\n') => self.lexer.problem_before(message),
                    _ => self.lexer.problem(message),
                });
            }
        };
        Ok(Node::Value(value))
    }

    /// `true`, `false`, `inf` or `nan`.
    fn word(&mut self, first: char) -> Result<Value> {
        let start = self.lexer.position() - first.len_utf8();
        if matches!(first, 'i' | 'n') {
            let infinite = self.lexer.accept('n')? && self.lexer.accept('f')?;
            if infinite || (self.lexer.accept('a')? && self.lexer.accept('n')?) {
                let name = if infinite { "inf" } else { "nan" };
                return number::float(name).map_err(|message| self.lexer.problem(message));
            }
            // The library forgets all but the last letter that it has tried.
            self.lexer.back();
            let start = self.lexer.position();
            self.lexer.take(char::is_alphabetic)?;
            return self.boolean(start);
        }
        self.lexer.take(char::is_alphabetic)?;
        self.boolean(start)
    }

    fn boolean(&self, start: usize) -> Result<Value> {
        match self.lexer.since(start) {
            b"true" => Ok(true.into()),
            b"false" => Ok(false.into()),
            other => {
                let word = super::lexer::quoted_text(other);
                Err(self.lexer.problem(format!("expected value but found {word} instead")))
            }
        }
    }

    fn deeper(&mut self) -> Result<()> {
        self.depth += 1;
        self.bound(self.depth)
    }

    /// A list, behind its bracket.
    fn array(&mut self) -> Result<Node> {
        self.deeper()?;
        let name = self.current.clone();
        self.document.mark_array(&name);
        let mut items = Vec::new();
        loop {
            self.lexer.skip_lines()?;
            match self.lexer.peek()? {
                Some(']') => break,
                Some(',') => {
                    self.lexer.next()?;
                    return Err(self.lexer.problem("unexpected comma"));
                }
                _ => items.push(value(self.value(true)?)),
            }
            self.lexer.skip_lines()?;
            match self.lexer.peek()? {
                Some(']') => break,
                Some(',') => {
                    self.lexer.next()?;
                }
                other => {
                    let message = format!("expected a comma (',') or array terminator (']'), but got {}", found(other));
                    return Err(self.lexer.problem_at(other, message));
                }
            }
        }
        self.lexer.next()?;
        self.depth -= 1;
        Ok(Node::Value(Value::list(items)))
    }

    /// A table within braces, behind the first. It is entered as any table, so that its keys are its own.
    fn inline_table(&mut self, in_array: bool) -> Result<Node> {
        self.deeper()?;
        let (outer, name) = (self.document.context.clone(), self.current.clone());
        let mut context = outer.clone();
        context.push(name.clone());
        self.bound(context.len())?;
        self.current = Str::from("");
        self.document.context.clone_from(&context);
        self.checked(|document| {
            document.imply(&context);
            document.enter(&context, in_array)
        })?;
        let mut table = Table::new();
        loop {
            self.lexer.skip_lines()?;
            match self.lexer.peek()? {
                Some('}') => break,
                Some(',') => {
                    self.lexer.next()?;
                    return Err(self.lexer.problem("unexpected comma"));
                }
                _ => {
                    let (key, node) = self.pair()?;
                    put(&mut table, &key, node);
                    self.document.context.clone_from(&context);
                }
            }
            self.lexer.skip_lines()?;
            match self.lexer.peek()? {
                Some('}') => break,
                Some(',') => {
                    self.lexer.next()?;
                }
                other => {
                    let message = format!(
                        "expected a comma or an inline table terminator '}}', but got {} instead",
                        found(other)
                    );
                    return Err(self.lexer.problem_at(other, message));
                }
            }
        }
        self.lexer.next()?;
        self.document.context = outer;
        self.current = name;
        self.depth -= 1;
        Ok(Node::Table(table))
    }
}

/// Puts an entry under its key's parts.
fn put(mut table: &mut Table, key: &[Str], node: Node) {
    let Some((last, parents)) = key.split_last() else { return };
    for part in parents {
        match table.entry(part.clone()).or_insert_with(|| Node::Table(Table::new())) {
            Node::Table(next) => table = next,
            // The document has refused it already.
            _ => return,
        }
    }
    table.insert(last.clone(), node);
}
