//! Reads a template: Go's grammar, with its messages, compiled while it is read.

mod complaints;
mod pipeline;

use bstr::ByteSlice;

use crate::memory;
use crate::template::code::{Binding, Step, UNKNOWN};
use crate::template::compiler::{Compiler, Functions, position};
use crate::template::error::ParseError;
use crate::template::lexer::Lexer;
use crate::template::literal;
use crate::template::node::{Id, Node, Shape, Source};
use crate::template::token::{Keyword, Kind, Token};
use crate::value::Str;
use complaints::quoted;

/// How deep control structures and parentheses may be nested together. Go allows ten thousand parentheses and any
/// number of `if`s; each level takes a few hundred bytes of a stack that may be one mebibyte.
const MAX_NESTING: usize = 200;

/// How long a text may be: positions are of 32 bits, and each byte makes at most a few steps.
const MAX_TEXT: usize = 64 << 20;

/// How many words a command may have.
const MAX_WORDS: usize = 60_000;

/// A definition found in a text, before its source is complete.
pub(super) struct Definition {
    pub(super) name: Str,
    pub(super) steps: Vec<Step>,
    pub(super) empty: bool,
}

/// The template that is being read.
struct Frame {
    name: Str,
    steps: Vec<Step>,
    empty: bool,
    /// The variables that may be named, innermost last.
    variables: Vec<Str>,
    scopes: u16,
    loops: Vec<Loop>,
}

/// A `range` that is being read.
struct Loop {
    /// How many scopes are open in its body, its own among them.
    scopes: u16,
    next: u32,
    breaks: Vec<usize>,
}

impl Frame {
    fn new(name: Str) -> Self {
        let variables = vec![Str::from("$")];
        Self { name, steps: Vec::new(), empty: true, variables, scopes: 0, loops: Vec::new() }
    }

    fn finish(mut self) -> Definition {
        self.steps.push(Step::Return);
        Definition { name: self.name, steps: self.steps, empty: self.empty }
    }

    /// Makes the jump at `step` go to the next one.
    fn land(&mut self, step: usize) {
        let here = position(&self.steps);
        if let Some(
            Step::Jump(target)
            | Step::JumpUnless(target)
            | Step::With(target)
            | Step::Next(target)
            | Step::Range { otherwise: target, .. }
            | Step::Exit { target, .. },
        ) = self.steps.get_mut(step)
        {
            *target = here;
        }
    }
}

/// What ends a list of items.
enum Terminator {
    End,
    Else,
}

/// The three control structures.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Control {
    If,
    Range,
    With,
}

type Parsed<T> = Result<T, Box<ParseError>>;

/// The state of reading a text.
pub(super) struct Parser<'a> {
    name: Str,
    text: Str,
    lexer: Lexer<'a>,
    /// Go's three words of look-ahead: errors are on the line of the one that was read last, the first.
    tokens: [Token; 3],
    peeked: usize,
    /// Where the action at hand began.
    action: Option<usize>,
    depth: usize,
    nodes: Vec<Node>,
    frame: Frame,
    definitions: Vec<Definition>,
    functions: &'a Functions,
}

/// Reads `text`. The first definition is that of the text itself.
pub(super) fn parse(name: &Str, text: &Str, functions: &Functions) -> Parsed<(Source, Vec<Definition>)> {
    let none = Token { kind: Kind::End, start: 0, end: 0, message: None };
    let mut parser = Parser {
        name: name.clone(),
        text: text.clone(),
        lexer: Lexer::new(text),
        tokens: [none; 3],
        peeked: 0,
        action: None,
        depth: 0,
        nodes: Vec::new(),
        frame: Frame::new(name.clone()),
        definitions: Vec::new(),
        functions,
    };
    if text.len() > MAX_TEXT {
        return parser.error("the template is too long");
    }
    parser.top_level()?;
    let main = std::mem::replace(&mut parser.frame, Frame::new(name.clone())).finish();
    parser.add(main)?;
    let source = Source { name: name.clone(), text: text.clone(), nodes: parser.nodes };
    Ok((source, parser.definitions))
}

impl<'a> Parser<'a> {
    // Words.

    fn next(&mut self) -> Token {
        if self.peeked > 0 {
            self.peeked -= 1;
        } else {
            self.tokens[0] = self.lexer.next();
        }
        self.tokens.get(self.peeked).copied().unwrap_or(self.tokens[0])
    }

    fn backup(&mut self) {
        self.peeked += 1;
    }

    fn peek(&mut self) -> Token {
        let token = self.next();
        self.backup();
        token
    }

    fn next_word(&mut self) -> Token {
        loop {
            let token = self.next();
            if token.kind != Kind::Space {
                return token;
            }
        }
    }

    fn peek_word(&mut self) -> Token {
        let token = self.next_word();
        self.backup();
        token
    }

    fn written(&self, token: Token) -> &[u8] {
        self.text.get(token.start..token.end).unwrap_or_default()
    }

    fn written_str(&self, token: Token) -> Str {
        Str::from(self.written(token))
    }

    fn expect(&mut self, kind: Kind, context: &str) -> Parsed<Token> {
        let token = self.next_word();
        if token.kind == kind { Ok(token) } else { self.unexpected(token, context) }
    }

    fn deeper<T>(&mut self, what: impl FnOnce(&mut Self) -> Parsed<T>) -> Parsed<T> {
        if self.depth >= MAX_NESTING {
            return self.error("max expression depth exceeded");
        }
        self.depth += 1;
        let result = what(self);
        self.depth -= 1;
        result
    }

    // Templates.

    /// Adds a template to those of this text, where it may stand once, but for empty ones.
    fn add(&mut self, definition: Definition) -> Parsed<()> {
        match self.definitions.iter_mut().find(|other| other.name == definition.name) {
            None => self.definitions.push(definition),
            Some(other) if other.empty => *other = definition,
            Some(_) if definition.empty => {}
            Some(_) => {
                let name = quoted(&definition.name);
                return self.error(format!("template: multiple definition of template {name}"));
            }
        }
        Ok(())
    }

    /// Items and definitions up to the end of the text.
    fn top_level(&mut self) -> Parsed<()> {
        loop {
            match self.peek().kind {
                Kind::End => return Ok(()),
                Kind::LeftDelimiter => {
                    let delimiter = self.next();
                    if self.next_word().kind == Kind::Keyword(Keyword::Define) {
                        self.definition()?;
                        continue;
                    }
                    self.tokens[1] = delimiter;
                    self.peeked = 2;
                }
                _ => {}
            }
            match self.item()? {
                None => {}
                Some(Terminator::End) => return self.error("unexpected {{end}}"),
                Some(Terminator::Else) => return self.error("unexpected {{else}}"),
            }
        }
    }

    fn definition(&mut self) -> Parsed<()> {
        const CONTEXT: &str = "define clause";
        let token = self.next_word();
        let name = self.template_name(token, CONTEXT)?;
        self.expect(Kind::RightDelimiter, CONTEXT)?;
        let outer = std::mem::replace(&mut self.frame, Frame::new(name));
        let end = self.items()?;
        if matches!(end, Terminator::Else) {
            return self.error(format!("unexpected {{{{else}}}} in {CONTEXT}"));
        }
        let definition = std::mem::replace(&mut self.frame, outer).finish();
        self.add(definition)
    }

    fn template_name(&mut self, token: Token, context: &str) -> Parsed<Str> {
        if !matches!(token.kind, Kind::String | Kind::RawString) {
            return self.unexpected(token, context);
        }
        self.unquoted(token)
    }

    fn unquoted(&self, token: Token) -> Parsed<Str> {
        match literal::unquote(self.written(token)) {
            Some(text) => Ok(Str::from(&*text)),
            None => self.error("invalid syntax"),
        }
    }

    // Items.

    fn items(&mut self) -> Parsed<Terminator> {
        while self.peek_word().kind != Kind::End {
            if let Some(terminator) = self.item()? {
                return Ok(terminator);
            }
        }
        self.error("unexpected EOF")
    }

    /// Text or an action.
    fn item(&mut self) -> Parsed<Option<Terminator>> {
        // What grows is there twice for a moment.
        let (nodes, steps) = (size_of_val(&*self.nodes), size_of_val(&*self.frame.steps));
        if let Err(why) = memory::check(nodes.max(steps).saturating_mul(2)) {
            return self.error(why);
        }
        let token = self.next_word();
        match token.kind {
            Kind::Text => {
                if !self.written(token).trim().is_empty() {
                    self.frame.empty = false;
                }
                // The length of a text is limited.
                let at = |position| u32::try_from(position).unwrap_or(UNKNOWN);
                self.frame.steps.push(Step::Text(at(token.start), at(token.end)));
                Ok(None)
            }
            Kind::LeftDelimiter => {
                self.action = Some(token.start);
                let terminator = self.action();
                if terminator.is_ok() {
                    self.action = None;
                }
                terminator
            }
            _ => self.unexpected(token, "input"),
        }
    }

    fn action(&mut self) -> Parsed<Option<Terminator>> {
        let token = self.next_word();
        let Kind::Keyword(keyword) = token.kind else {
            self.backup();
            return self.print();
        };
        match keyword {
            Keyword::Block => self.block()?,
            Keyword::Break | Keyword::Continue => self.exit(keyword == Keyword::Break)?,
            Keyword::Else => return self.otherwise().map(Some),
            Keyword::End => {
                self.expect(Kind::RightDelimiter, "end")?;
                return Ok(Some(Terminator::End));
            }
            Keyword::If => self.deeper(|parser| parser.control(Control::If))?,
            Keyword::Range => self.deeper(|parser| parser.control(Control::Range))?,
            Keyword::With => self.deeper(|parser| parser.control(Control::With))?,
            Keyword::Template => self.invocation()?,
            Keyword::Define | Keyword::Dot | Keyword::Nil => {
                self.backup();
                return self.print();
            }
        }
        self.frame.empty = false;
        Ok(None)
    }

    /// An action that is nothing but a pipeline.
    fn print(&mut self) -> Parsed<Option<Terminator>> {
        let pipe = self.pipeline("command", Kind::RightDelimiter)?;
        self.frame.empty = false;
        self.compile(pipe);
        let declares = matches!(
            self.nodes.get(pipe as usize),
            Some(Node { shape: Shape::Pipe { variables, .. }, .. }) if !variables.is_empty()
        );
        self.frame.steps.push(if declares { Step::Drop } else { Step::Print(pipe) });
        Ok(None)
    }

    fn otherwise(&mut self) -> Parsed<Terminator> {
        // "else if" is read as an else and an if that follows it.
        if !matches!(self.peek_word().kind, Kind::Keyword(Keyword::If | Keyword::With)) {
            self.expect(Kind::RightDelimiter, "else")?;
        }
        Ok(Terminator::Else)
    }

    fn exit(&mut self, is_break: bool) -> Parsed<()> {
        let word = if is_break { "{{break}}" } else { "{{continue}}" };
        let token = self.next_word();
        if token.kind != Kind::RightDelimiter {
            return self.unexpected(token, word);
        }
        let here = self.frame.steps.len();
        let Some(inner) = self.frame.loops.last_mut() else {
            return self.error(format!("{word} outside {{{{range}}}}"));
        };
        if is_break {
            inner.breaks.push(here);
        }
        let target = if is_break { UNKNOWN } else { inner.next };
        let scopes = self.frame.scopes - inner.scopes;
        self.frame.steps.push(Step::Exit { scopes, target });
        Ok(())
    }

    fn control(&mut self, control: Control) -> Parsed<()> {
        let (context, keyword) = match control {
            Control::If => ("if", Keyword::If),
            Control::Range => ("range", Keyword::Range),
            Control::With => ("with", Keyword::With),
        };
        let variables = self.frame.variables.len();
        // "else if" opens a scope in the scope of its if; they close together.
        let mut branches = Vec::new();
        loop {
            let (branch, next) = self.branch(control, context)?;
            if matches!(next, Terminator::End) {
                self.frame.land(branch);
                break;
            }
            branches.push(self.frame.steps.len());
            self.frame.steps.push(Step::Jump(UNKNOWN));
            self.frame.land(branch);
            if control != Control::Range && self.peek().kind == Kind::Keyword(keyword) {
                self.next();
                continue;
            }
            if matches!(self.items()?, Terminator::Else) {
                return self.error("expected end; found {{else}}");
            }
            // This branch is the innermost: its end is here.
            if let Some(jump) = branches.pop() {
                self.frame.land(jump);
            }
            break;
        }
        self.leave();
        while let Some(jump) = branches.pop() {
            self.frame.land(jump);
            self.leave();
        }
        self.frame.variables.truncate(variables);
        Ok(())
    }

    /// The pipeline of a control structure and what it governs: where it jumps if that is not to be evaluated.
    fn branch(&mut self, control: Control, context: &str) -> Parsed<(usize, Terminator)> {
        self.frame.steps.push(Step::Enter);
        self.frame.scopes = match self.frame.scopes.checked_add(1) {
            Some(scopes) => scopes,
            None => return self.error("max expression depth exceeded"),
        };
        let pipe = self.pipeline(context, Kind::RightDelimiter)?;
        self.compile(pipe);
        let branch = self.frame.steps.len();
        if control != Control::Range {
            let step = if control == Control::If { Step::JumpUnless(UNKNOWN) } else { Step::With(UNKNOWN) };
            self.frame.steps.push(step);
            return Ok((branch, self.items()?));
        }
        let binding = self.binding(pipe);
        self.frame.steps.push(Step::Range { otherwise: UNKNOWN, binding });
        let next = position(&self.frame.steps);
        self.frame.steps.push(Step::Next(UNKNOWN));
        self.frame.loops.push(Loop { scopes: self.frame.scopes, next, breaks: Vec::new() });
        let terminator = self.items()?;
        self.frame.steps.push(Step::Jump(next));
        let breaks = self.frame.loops.pop().map(|ended| ended.breaks).unwrap_or_default();
        // The end of the loop jumps over an else, as break does.
        let end = self.frame.steps.len();
        self.frame.land(next as usize);
        for step in breaks {
            self.frame.land(step);
        }
        if matches!(terminator, Terminator::End) {
            // Nothing to jump over; the caller lands the branch here.
            debug_assert_eq!(end, self.frame.steps.len());
        }
        Ok((branch, terminator))
    }

    fn binding(&self, pipe: Id) -> Binding {
        let Some(Node { shape: Shape::Pipe { assign, variables, .. }, .. }) = self.nodes.get(pipe as usize) else {
            return Binding::Declared(0);
        };
        let name = |id: &Id| match self.nodes.get(*id as usize) {
            Some(Node { shape: Shape::Variable(name, _), .. }) => name.clone(),
            _ => Str::from(""),
        };
        match (assign, variables.as_slice()) {
            (_, []) => Binding::Declared(0),
            (true, [element]) => Binding::Assigned(None, name(element)),
            (true, [index, element, ..]) => Binding::Assigned(Some(name(index)), name(element)),
            (false, [_]) => Binding::Declared(1),
            (false, _) => Binding::Declared(2),
        }
    }

    fn leave(&mut self) {
        self.frame.steps.push(Step::Leave);
        self.frame.scopes = self.frame.scopes.saturating_sub(1);
    }

    fn block(&mut self) -> Parsed<()> {
        const CONTEXT: &str = "block clause";
        let token = self.next_word();
        let name = self.template_name(token, CONTEXT)?;
        let pipe = self.pipeline(CONTEXT, Kind::RightDelimiter)?;
        let last = self.tokens[0];
        let outer = std::mem::replace(&mut self.frame, Frame::new(name.clone()));
        let end = self.deeper(Self::items)?;
        if matches!(end, Terminator::Else) {
            // Go says the line of the block's own clause here.
            self.tokens[0] = last;
            return self.error(format!("unexpected {{{{else}}}} in {CONTEXT}"));
        }
        let definition = std::mem::replace(&mut self.frame, outer).finish();
        self.add(definition)?;
        self.invoke(token.start, name, Some(pipe));
        Ok(())
    }

    fn invocation(&mut self) -> Parsed<()> {
        const CONTEXT: &str = "template clause";
        let token = self.next_word();
        let name = self.template_name(token, CONTEXT)?;
        let mut pipe = None;
        if self.next_word().kind != Kind::RightDelimiter {
            self.backup();
            pipe = Some(self.pipeline(CONTEXT, Kind::RightDelimiter)?);
        }
        self.invoke(token.start, name, pipe);
        Ok(())
    }

    fn invoke(&mut self, start: usize, name: Str, pipe: Option<Id>) {
        let node = self.node(start, Shape::Template(name.clone(), pipe));
        self.frame.steps.push(Step::Find(name.clone(), node));
        match pipe {
            Some(pipe) => self.compile(pipe),
            None => self.frame.steps.push(Step::Push(crate::value::Value::Nil, node)),
        }
        self.frame.steps.push(Step::Invocation(name));
    }

    fn compile(&mut self, pipe: Id) {
        let nodes = &self.nodes;
        // Printing reads no more of a source than its nodes.
        let print = |id| Source::print_nodes(nodes, id);
        Compiler { nodes, steps: &mut self.frame.steps, functions: self.functions, print: &print }.pipeline(pipe);
    }
}
