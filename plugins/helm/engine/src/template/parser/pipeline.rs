//! Pipelines, commands and their words.

use super::{MAX_WORDS, Parsed, Parser, quoted};
use crate::template::code::UNKNOWN;
use crate::template::literal;
use crate::template::node::{Id, Node, Shape, Source};
use crate::template::token::{Keyword, Kind, Token};
use crate::value::Str;

impl Parser<'_> {
    pub(super) fn node(&mut self, position: usize, shape: Shape) -> Id {
        self.nodes.push(Node { position, shape });
        // A node takes at least a byte of a text whose length is limited.
        u32::try_from(self.nodes.len() - 1).unwrap_or(UNKNOWN)
    }

    pub(super) fn pipeline(&mut self, context: &str, end: Kind) -> Parsed<Id> {
        let start = self.peek_word().start;
        let mut assign = false;
        let mut variables = Vec::new();
        while self.peek_word().kind == Kind::Variable {
            let variable = self.next();
            // "$x foo" is told from "$x := foo" by the word after the space.
            let after = self.peek();
            let next = self.peek_word();
            let comma = next.kind == Kind::Char && self.written(next) == b",";
            if !comma && !matches!(next.kind, Kind::Assign | Kind::Declare) {
                self.tokens[1] = if after.kind == Kind::Space { after } else { variable };
                self.tokens[2] = variable;
                self.peeked = if after.kind == Kind::Space { 3 } else { 2 };
                break;
            }
            self.next_word();
            let name = self.written_str(variable);
            variables.push(self.node(variable.start, Shape::Variable(name.clone(), Vec::new())));
            self.frame.variables.push(name);
            if !comma {
                assign = next.kind == Kind::Assign;
                break;
            }
            if context != "range" || variables.len() >= 2 {
                return self.error(format!("too many declarations in {context}"));
            }
            if !matches!(self.peek_word().kind, Kind::Variable | Kind::RightDelimiter | Kind::RightParen) {
                return self.error("range can only initialize variables");
            }
        }
        let mut commands = Vec::new();
        loop {
            let token = self.next_word();
            match token.kind {
                kind if kind == end => break,
                Kind::Bool
                | Kind::CharConstant
                | Kind::Complex
                | Kind::Keyword(Keyword::Dot | Keyword::Nil)
                | Kind::Field
                | Kind::Identifier
                | Kind::Number
                | Kind::RawString
                | Kind::String
                | Kind::Variable
                | Kind::LeftParen => {
                    self.backup();
                    let command = self.command()?;
                    commands.push(command);
                }
                _ => return self.unexpected(token, context),
            }
        }
        if commands.is_empty() {
            return self.error(format!("missing value for {context}"));
        }
        for (index, command) in commands.iter().enumerate().skip(1) {
            if !self.is_executable(*command) {
                return self.error(format!("non executable command in pipeline stage {}", index + 1));
            }
        }
        Ok(self.node(start, Shape::Pipe { assign, variables, commands }))
    }

    /// Whether a command can take the value of the one before.
    fn is_executable(&self, command: Id) -> bool {
        let Some(Node { shape: Shape::Command(words), .. }) = self.nodes.get(command as usize) else { return true };
        let first = words.first().and_then(|first| self.nodes.get(*first as usize));
        !matches!(
            first.map(|node| &node.shape),
            Some(Shape::Bool(_) | Shape::Dot | Shape::Nil | Shape::Number(..) | Shape::String(..))
        )
    }

    fn command(&mut self) -> Parsed<Id> {
        let start = self.peek_word().start;
        let mut words = Vec::new();
        loop {
            self.peek_word();
            if let Some(operand) = self.operand()? {
                words.push(operand);
            }
            let token = self.next();
            match token.kind {
                Kind::Space => {}
                Kind::RightDelimiter | Kind::RightParen => {
                    self.backup();
                    break;
                }
                Kind::Pipe => break,
                _ => return self.unexpected(token, "operand"),
            }
        }
        if words.is_empty() {
            return self.error("empty command");
        }
        if words.len() > MAX_WORDS {
            return self.error("the command is too long");
        }
        Ok(self.node(start, Shape::Command(words)))
    }

    /// A term and the fields that follow it.
    fn operand(&mut self) -> Parsed<Option<Id>> {
        let Some(term) = self.term()? else { return Ok(None) };
        let first = self.peek();
        if first.kind != Kind::Field {
            return Ok(Some(term));
        }
        let mut fields = Vec::new();
        while self.peek().kind == Kind::Field {
            let token = self.next();
            fields.push(self.field_name(token));
        }
        let shape = match self.nodes.get_mut(term as usize).map(|node| &mut node.shape) {
            Some(Shape::Field(before)) => {
                let mut all = std::mem::take(before);
                all.append(&mut fields);
                Shape::Field(all)
            }
            Some(Shape::Variable(name, _)) => Shape::Variable(name.clone(), fields),
            Some(Shape::Bool(_) | Shape::String(..) | Shape::Number(..) | Shape::Nil | Shape::Dot) => {
                let printed = Source::print_nodes(&self.nodes, term);
                return self.error(format!("unexpected . after term {}", quoted(printed.as_bytes())));
            }
            _ => Shape::Chain(term, fields),
        };
        Ok(Some(self.node(first.start, shape)))
    }

    /// A field's name without its dot.
    fn field_name(&self, token: Token) -> Str {
        Str::from(self.written(token).get(1..).unwrap_or_default())
    }

    fn term(&mut self) -> Parsed<Option<Id>> {
        let token = self.next_word();
        let shape = match token.kind {
            Kind::Identifier => {
                let name = self.written_str(token);
                if !self.is_function(&name) {
                    return self.error(format!("function {} not defined", quoted(&name)));
                }
                Shape::Identifier(name)
            }
            Kind::Keyword(Keyword::Dot) => Shape::Dot,
            Kind::Keyword(Keyword::Nil) => Shape::Nil,
            Kind::Variable => {
                let name = self.written_str(token);
                if !self.frame.variables.contains(&name) {
                    return self.error(format!("undefined variable {}", quoted(&name)));
                }
                Shape::Variable(name, Vec::new())
            }
            Kind::Field => Shape::Field(vec![self.field_name(token)]),
            Kind::Bool => Shape::Bool(self.written(token) == b"true"),
            Kind::CharConstant | Kind::Complex | Kind::Number => {
                let written = self.written_str(token);
                let number = match token.kind {
                    Kind::CharConstant => literal::character(&written),
                    Kind::Complex => literal::complex(&written),
                    _ => literal::number(&written),
                };
                match number {
                    Ok(number) => Shape::Number(written, number),
                    Err(message) => return self.error(message),
                }
            }
            Kind::LeftParen => {
                return self.deeper(|parser| parser.pipeline("parenthesized pipeline", Kind::RightParen)).map(Some);
            }
            Kind::String | Kind::RawString => Shape::String(self.written_str(token), self.unquoted(token)?),
            _ => {
                self.backup();
                return Ok(None);
            }
        };
        Ok(Some(self.node(token.start, shape)))
    }

    fn is_function(&self, name: &Str) -> bool {
        matches!(&***name, b"and" | b"or" | b"call")
            || std::str::from_utf8(name).is_ok_and(|name| self.functions.contains_key(name))
    }
}
