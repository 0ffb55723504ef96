//! The nodes of actions, and how Go prints them: what error messages say an error was "at".

use bstr::ByteSlice;

use super::literal::Number;
use crate::format::quote::quote;
use crate::value::Str;

/// A node of a [`Source`].
pub(super) type Id = u32;

/// A parsed text: what the templates defined in it share.
#[derive(Debug)]
pub(super) struct Source {
    /// The file's name, or `gotpl` for `tpl`.
    pub(super) name: Str,
    pub(super) text: Str,
    pub(super) nodes: Vec<Node>,
}

/// A node and where it begins.
#[derive(Debug)]
pub(super) struct Node {
    pub(super) position: usize,
    pub(super) shape: Shape,
}

/// What a node is.
#[derive(Debug)]
pub(super) enum Shape {
    Pipe {
        assign: bool,
        variables: Vec<Id>,
        commands: Vec<Id>,
    },
    Command(Vec<Id>),
    Identifier(Str),
    /// `$x.a.b`: the name with its dollar, and the fields.
    Variable(Str, Vec<Str>),
    Dot,
    Nil,
    Field(Vec<Str>),
    /// `(pipe).a.b`.
    Chain(Id, Vec<Str>),
    Bool(bool),
    /// As written, and what it means.
    Number(Str, Number),
    /// As written, and what it means.
    String(Str, Str),
    /// `{{template "name" pipe}}`.
    Template(Str, Option<Id>),
}

impl Source {
    /// `file:line:column`, with the column counted from 0 in bytes.
    pub(super) fn location(&self, id: Id) -> String {
        let position = self.nodes.get(id as usize).map_or(0, |node| node.position);
        let before = self.text.get(..position).unwrap_or_default();
        let column = position - before.rfind_byte(b'\n').map_or(0, |newline| newline + 1);
        format!("{}:{}:{column}", self.name, line(before, position))
    }

    /// The node as Go prints it, with its spaces and parentheses in order.
    pub(super) fn print(&self, id: Id) -> String {
        Self::print_nodes(&self.nodes, id)
    }

    /// The node as Go prints it, while more are read.
    pub(super) fn print_nodes(nodes: &[Node], id: Id) -> String {
        let mut out = Vec::new();
        Printer { nodes, out: &mut out }.append(id);
        out.to_str_lossy().into_owned()
    }
}

struct Printer<'a> {
    nodes: &'a [Node],
    out: &'a mut Vec<u8>,
}

impl Printer<'_> {
    /// Appends a node. It recurses as deep as the parser allows parentheses.
    fn append(&mut self, id: Id) {
        let Some(node) = self.nodes.get(id as usize) else { return };
        match &node.shape {
            Shape::Pipe { assign, variables, commands } => {
                for (index, variable) in variables.iter().enumerate() {
                    if index > 0 {
                        self.out.extend_from_slice(b", ");
                    }
                    self.append(*variable);
                }
                if !variables.is_empty() {
                    self.out.extend_from_slice(if *assign { b" = " } else { b" := " });
                }
                for (index, command) in commands.iter().enumerate() {
                    if index > 0 {
                        self.out.extend_from_slice(b" | ");
                    }
                    self.append(*command);
                }
            }
            Shape::Command(words) => {
                for (index, word) in words.iter().enumerate() {
                    if index > 0 {
                        self.out.push(b' ');
                    }
                    self.append_in_parentheses(*word);
                }
            }
            Shape::Identifier(name) => self.out.extend_from_slice(name),
            Shape::Variable(name, fields) => {
                self.out.extend_from_slice(name);
                append_fields(self.out, fields);
            }
            Shape::Dot => self.out.push(b'.'),
            Shape::Nil => self.out.extend_from_slice(b"nil"),
            Shape::Field(fields) => append_fields(self.out, fields),
            Shape::Chain(inner, fields) => {
                self.append_in_parentheses(*inner);
                append_fields(self.out, fields);
            }
            Shape::Bool(value) => self.out.extend_from_slice(if *value { b"true" } else { b"false" }),
            Shape::Number(written, _) | Shape::String(written, _) => self.out.extend_from_slice(written),
            Shape::Template(name, pipe) => {
                self.out.extend_from_slice(b"{{template ");
                self.out.extend_from_slice(&quote(name));
                if let Some(pipe) = pipe {
                    self.out.push(b' ');
                    self.append(*pipe);
                }
                self.out.extend_from_slice(b"}}");
            }
        }
    }

    fn append_in_parentheses(&mut self, id: Id) {
        let pipe = matches!(self.nodes.get(id as usize), Some(Node { shape: Shape::Pipe { .. }, .. }));
        if pipe {
            self.out.push(b'(');
        }
        self.append(id);
        if pipe {
            self.out.push(b')');
        }
    }
}

fn append_fields(out: &mut Vec<u8>, fields: &[Str]) {
    for field in fields {
        out.push(b'.');
        out.extend_from_slice(field);
    }
}

/// The line that a position is on, from 1.
pub(super) fn line(text: &[u8], position: usize) -> usize {
    1 + text.get(..position).unwrap_or(text).iter().filter(|byte| **byte == b'\n').count()
}
