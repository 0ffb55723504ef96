//! The language of `--set`: `a.b[2].c=x,d={1,2}`, laid into values as Helm's parser does, oddities included.

use crate::json;
use crate::value::{Map, Value};

/// Helm's limit of an index.
const MAX_INDEX: i64 = 65536;

/// Helm's limit of names with dots between.
const MAX_NAMES: usize = 30;

/// Helm has no limit of lists in lists; nothing that is meant goes below three.
const MAX_LISTS: usize = 30;

/// How many elements an expression may make in lists, most of them null: a hundred of the longest.
const MAX_ELEMENTS: usize = 100 * 65537;

/// What reads the file that an expression names.
pub(super) type ReadFile<'a> = &'a dyn Fn(&str) -> Result<Value, String>;

/// How values are read.
#[derive(Clone, Copy)]
pub(super) enum Mode<'a> {
    /// `--set`: numbers, bools, nulls, and strings.
    Typed,
    /// `--set-string`.
    Text,
    /// `--set-literal`: one expression, whose value is all that follows.
    Literal,
    /// `--set-json`.
    Json,
    /// `--set-file`: what the file holds that the value names.
    File(ReadFile<'a>),
}

/// Lays an expression into values.
///
/// The message of what is wrong is what Helm says after "failed parsing --set data: ".
pub(super) fn apply(expression: &str, values: &Map, mode: Mode<'_>) -> Result<(), String> {
    let mut parser = Parser { text: expression.chars().collect(), position: 0, mode, elements: MAX_ELEMENTS };
    loop {
        match parser.key(values, 0) {
            Ok(()) => {}
            // Wherever the text ends, what has been laid until then stays.
            Err(Stop::End) => return Ok(()),
            Err(Stop::Error(message)) => return Err(message),
        }
    }
}

/// Why the parser does not go on.
enum Stop {
    End,
    Error(String),
}

impl From<String> for Stop {
    fn from(message: String) -> Self {
        Self::Error(message)
    }
}

struct Parser<'a> {
    text: Vec<char>,
    position: usize,
    mode: Mode<'a>,
    elements: usize,
}

impl Parser<'_> {
    fn read(&mut self) -> Option<char> {
        let character = self.text.get(self.position).copied();
        self.position += usize::from(character.is_some());
        character
    }

    fn peek(&self) -> Option<char> {
        self.text.get(self.position).copied()
    }

    /// The text up to one of the characters, and which it was: `None` at the end.
    fn until(&mut self, stops: &[char]) -> (String, Option<char>) {
        let mut text = String::new();
        while let Some(character) = self.read() {
            if stops.contains(&character) {
                return (text, Some(character));
            }
            if character == '\\' && !matches!(self.mode, Mode::Literal) {
                match self.read() {
                    Some(escaped) => text.push(escaped),
                    None => return (text, None),
                }
            } else {
                text.push(character);
            }
        }
        (text, None)
    }

    /// A name and what belongs to it.
    fn key(&mut self, values: &Map, depth: usize) -> Result<(), Stop> {
        let stops: &[char] = if matches!(self.mode, Mode::Literal) { &['=', '[', '.'] } else { &['=', '[', ',', '.'] };
        let (name, stop) = self.until(stops);
        match stop {
            None if name.is_empty() => Err(Stop::End),
            None => Err(Stop::Error(format!("key {} has no value", quote(&name)))),
            Some('[') => {
                let index = self.index()?;
                let mut list = match values.get(name.as_bytes()) {
                    None => Vec::new(),
                    Some(Value::List(list)) => list.to_vec(),
                    Some(other) => return Err(no_conversion(&other, "[]interface {}")),
                };
                let done = self.element(&mut list, index, depth, 0);
                set(values, &name, Value::list(list));
                done
            }
            Some('=') => self.assignment(values, &name),
            Some(',') => Err(Stop::Error(format!("key {} has no value (cannot end with ,)", quote(&name)))),
            Some(_) => {
                let depth = depth + 1;
                if depth > MAX_NAMES {
                    return Err(Stop::Error(format!(
                        "value name nested level is greater than maximum supported nested level of {MAX_NAMES}"
                    )));
                }
                let inner = match values.get(name.as_bytes()) {
                    None => Map::new(),
                    Some(Value::Map(map)) => map,
                    Some(other) => return Err(no_conversion(&other, "map[string]interface {}")),
                };
                let done = self.key(&inner, depth);
                if inner.is_empty() {
                    done?;
                    return Err(Stop::Error(format!("key map {} has no value", quote(&name))));
                }
                set(values, &name, inner.into());
                done
            }
        }
    }

    fn assignment(&mut self, values: &Map, name: &str) -> Result<(), Stop> {
        if let Mode::Json = self.mode {
            let (value, rest) = self.json()?;
            set(values, name, value);
            self.skip(rest);
            return Ok(());
        }
        if self.peek().is_none() {
            set(values, name, "".into());
            // Helm does not look for what may come after the literal.
            return if matches!(self.mode, Mode::Literal) { Ok(()) } else { Err(Stop::End) };
        }
        let value = self.value()?;
        set(values, name, value);
        Ok(())
    }

    /// What follows an index, into the list.
    fn element(&mut self, list: &mut Vec<Value>, index: i64, depth: usize, lists: usize) -> Result<(), Stop> {
        if index < 0 {
            return Err(Stop::Error(format!("negative {index} index not allowed")));
        }
        let (text, stop) = self.until(&['[', '.', '=']);
        if !text.is_empty() {
            let characters: Vec<String> = text.chars().map(quote_character).collect();
            return Err(Stop::Error(format!("unexpected data at end of array index: [{}]", characters.join(" "))));
        }
        let existing = usize::try_from(index).ok().and_then(|index| list.get(index).cloned());
        match stop {
            None => Err(Stop::End),
            Some('=') => {
                if let Mode::Json = self.mode {
                    let (value, rest) = self.json()?;
                    self.put(list, index, value)?;
                    self.skip(rest);
                    return Ok(());
                }
                let value = if self.peek().is_none() { "".into() } else { self.value()? };
                self.put(list, index, value)
            }
            Some('[') => {
                let next = self.index()?;
                if lists >= MAX_LISTS {
                    return Err(Stop::Error(format!("lists are nested deeper than the maximum of {MAX_LISTS}")));
                }
                let mut inner = match existing {
                    None | Some(Value::Nil) => Vec::new(),
                    Some(Value::List(list)) => list.to_vec(),
                    Some(other) => return Err(no_conversion(&other, "[]interface {}")),
                };
                self.element(&mut inner, next, depth, lists + 1)?;
                self.put(list, index, Value::list(inner))
            }
            Some(_) => {
                let inner = match existing {
                    Some(Value::Map(map)) => map,
                    Some(_) => {
                        // What is no table becomes one, even when nothing follows.
                        let map = Map::new();
                        self.put(list, index, map.clone().into())?;
                        map
                    }
                    None => Map::new(),
                };
                self.key(&inner, depth)?;
                self.put(list, index, inner.into())
            }
        }
    }

    fn index(&mut self) -> Result<i64, Stop> {
        let (text, stop) = self.until(&[']']);
        if stop.is_none() {
            return Err(Stop::End);
        }
        text.parse().map_err(|error: std::num::ParseIntError| {
            use std::num::IntErrorKind::{NegOverflow, PosOverflow};
            let cause = match error.kind() {
                PosOverflow | NegOverflow => "value out of range",
                _ => "invalid syntax",
            };
            Stop::Error(format!("error parsing index: strconv.Atoi: parsing {}: {cause}", quote(&text)))
        })
    }

    /// Puts an element into a list, with nulls before it where it is shorter.
    fn put(&mut self, list: &mut Vec<Value>, index: i64, value: Value) -> Result<(), Stop> {
        let place = usize::try_from(index).ok().filter(|_| index <= MAX_INDEX).ok_or_else(|| {
            Stop::Error(format!("index of {index} is greater than maximum supported index of {MAX_INDEX}"))
        })?;
        if list.len() <= place {
            let added = place + 1 - list.len();
            self.elements = self.elements.checked_sub(added).ok_or_else(|| {
                Stop::Error(format!("an expression makes more than the maximum of {MAX_ELEMENTS} elements"))
            })?;
            list.resize(place + 1, Value::Nil);
        }
        if let Some(element) = list.get_mut(place) {
            *element = value;
        }
        Ok(())
    }

    /// A value, or a list of them in braces.
    fn value(&mut self) -> Result<Value, Stop> {
        if let Mode::Literal = self.mode {
            let (text, _) = self.until(&[]);
            return Ok(text.into());
        }
        if self.peek() != Some('{') {
            let (text, _) = self.until(&[',']);
            return Ok(self.typed(text)?);
        }
        self.read();
        let mut list = Vec::new();
        loop {
            let (text, stop) = self.until(&[',', '}']);
            if stop.is_none() {
                return Err(Stop::Error("list must terminate with '}'".to_owned()));
            }
            list.push(self.typed(text)?);
            if stop == Some('}') {
                if self.peek() == Some(',') {
                    self.read();
                }
                return Ok(Value::list(list));
            }
        }
    }

    fn typed(&self, text: String) -> Result<Value, String> {
        match self.mode {
            Mode::File(read) => read(&text),
            Mode::Typed => Ok(typed(text)),
            Mode::Text | Mode::Literal | Mode::Json => Ok(text.into()),
        }
    }

    /// A value in JSON, and where it ends; null where there is none.
    fn json(&mut self) -> Result<(Value, usize), Stop> {
        if self.is_empty() {
            return Ok((Value::Nil, self.position));
        }
        let rest: String = self.text.iter().skip(self.position).collect();
        let end = json_end(rest.as_bytes()).unwrap_or(rest.len());
        let text = rest.get(..end).unwrap_or(&rest);
        let value = json::parse(text.as_bytes())?;
        Ok((value, self.position + text.chars().count()))
    }

    fn skip(&mut self, end: usize) {
        if end > self.position {
            self.position = end;
            self.is_empty();
        }
    }

    /// Whether nothing but spaces comes before a comma or the end; reads over them.
    fn is_empty(&mut self) -> bool {
        loop {
            match self.peek() {
                None => return true,
                Some(',') => {
                    self.read();
                    return true;
                }
                Some(character) if character.is_whitespace() => {
                    self.read();
                }
                Some(_) => return false,
            }
        }
    }
}

/// Where the first value of a text in JSON ends, if it is one.
fn json_end(text: &[u8]) -> Option<usize> {
    let start = text.iter().position(|byte| !byte.is_ascii_whitespace())?;
    let (_, value) = text.split_at(start);
    let length = match value.first()? {
        b'{' | b'[' => {
            let (mut depth, mut in_string, mut escaped) = (0_usize, false, false);
            1 + value.iter().position(|byte| {
                match byte {
                    _ if escaped => escaped = false,
                    b'\\' if in_string => escaped = true,
                    b'"' => in_string = !in_string,
                    _ if in_string => {}
                    b'{' | b'[' => depth += 1,
                    b'}' | b']' => depth = depth.saturating_sub(1),
                    _ => {}
                }
                depth == 0
            })?
        }
        b'"' => {
            let mut escaped = false;
            2 + value.iter().skip(1).position(|byte| {
                let end = *byte == b'"' && !escaped;
                escaped = *byte == b'\\' && !escaped;
                end
            })?
        }
        b't' | b'n' => 4,
        b'f' => 5,
        _ => number_length(value),
    };
    (start + length <= text.len()).then_some(start + length)
}

/// How much of a text is a number of JSON.
fn number_length(text: &[u8]) -> usize {
    let digits = |at: usize| text.iter().skip(at).take_while(|byte| byte.is_ascii_digit()).count();
    let mut end = usize::from(text.starts_with(b"-"));
    end += if text.get(end) == Some(&b'0') { 1 } else { digits(end) };
    if text.get(end) == Some(&b'.') && digits(end + 1) > 0 {
        end += 1 + digits(end + 1);
    }
    if matches!(text.get(end), Some(b'e' | b'E')) {
        let sign = usize::from(matches!(text.get(end + 1), Some(b'+' | b'-')));
        let exponent = digits(end + 1 + sign);
        if exponent > 0 {
            end += 1 + sign + exponent;
        }
    }
    end
}

/// What `--set` takes a text for.
fn typed(text: String) -> Value {
    // Go folds the case of all letters: the long s is an s.
    let folded = text.chars().count() <= 5;
    let folded = if folded { text.to_lowercase().replace('ſ', "s") } else { String::new() };
    match folded.as_str() {
        "true" => return true.into(),
        "false" => return false.into(),
        "null" => return Value::Nil,
        "0" => return Value::int64(0),
        _ => {}
    }
    match text.parse() {
        Ok(number) if !text.starts_with('0') => Value::int64(number),
        _ => text.into(),
    }
}

/// Sets a value under a name, unless it is empty.
fn set(values: &Map, name: &str, value: Value) {
    if !name.is_empty() {
        values.set(name, value);
    }
}

/// What Go's runtime says where an interface holds another type.
fn no_conversion(value: &Value, wanted: &str) -> Stop {
    let held = value.go_type().map_or_else(|| "nil".to_owned(), |held| held.to_string());
    Stop::Error(format!("unable to parse key: interface conversion: interface {{}} is {held}, not {wanted}"))
}

fn quote(text: &str) -> String {
    String::from_utf8_lossy(&crate::format::quote::quote(text.as_bytes())).into_owned()
}

/// Go's `%q` of a rune.
fn quote_character(character: char) -> String {
    match character {
        '\'' => "'\\''".to_owned(),
        '"' => "'\"'".to_owned(),
        _ => {
            let quoted = quote(&character.to_string());
            format!("'{}'", quoted.trim_matches('"'))
        }
    }
}
