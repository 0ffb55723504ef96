//! The scanner's directives, anchors, aliases and tags.

use std::borrow::Cow;

use super::scanner::Scanner;
use super::token::{Kind, Problem, Text};

type Result<T> = std::result::Result<T, Problem>;

impl<'a> Scanner<'a> {
    /// `%YAML` or `%TAG`, with the rest of its line.
    pub(super) fn scan_directive(&mut self) -> Result<Kind<'a>> {
        self.skip();
        let name = self.scan_word();
        if name.is_empty() {
            return Err(self.problem("could not find expected directive name"));
        }
        if !self.white_at(0) {
            return Err(self.problem("found unexpected non-alphabetical character"));
        }
        let kind = match &*name {
            b"YAML" => {
                self.skip_blanks();
                let major = self.scan_version()?;
                if self.at(0) != b'.' {
                    return Err(self.problem("did not find expected digit or '.' character"));
                }
                self.skip();
                Kind::VersionDirective { major, minor: self.scan_version()? }
            }
            b"TAG" => {
                self.skip_blanks();
                let handle = self.scan_handle(true)?;
                if !self.blank_at(0) {
                    return Err(self.problem("did not find expected whitespace"));
                }
                self.skip_blanks();
                let prefix = self.scan_uri(None)?;
                if !self.white_at(0) {
                    return Err(self.problem("did not find expected whitespace or line break"));
                }
                Kind::TagDirective { handle, prefix }
            }
            _ => return Err(self.problem("found unknown directive name")),
        };
        self.skip_blanks();
        self.skip_comment();
        if !self.break_or_end() {
            return Err(self.problem("did not find expected comment or line break"));
        }
        self.skip_line();
        Ok(kind)
    }

    fn scan_version(&mut self) -> Result<u32> {
        let mut version = None;
        let mut length = 0;
        while let digit @ b'0'..=b'9' = self.at(0) {
            length += 1;
            if length > 2 {
                return Err(self.problem("found extremely long version number"));
            }
            version = Some(version.unwrap_or(0) * 10 + u32::from(digit - b'0'));
            self.skip();
        }
        version.ok_or_else(|| self.problem("did not find expected version number"))
    }

    /// `*alias` or `&anchor`.
    pub(super) fn scan_anchor(&mut self, alias: bool) -> Result<Kind<'a>> {
        self.skip();
        let name = self.scan_word();
        let follows = self.white_at(0) || matches!(self.at(0), b'?' | b':' | b',' | b']' | b'}' | b'%' | b'@' | b'`');
        if name.is_empty() || !follows {
            return Err(self.problem("did not find expected alphabetic or numeric character"));
        }
        Ok(if alias { Kind::Alias(name) } else { Kind::Anchor(name) })
    }

    /// `!<uri>`, `!suffix`, `!handle!suffix` or `!`.
    pub(super) fn scan_tag(&mut self) -> Result<Kind<'a>> {
        let (handle, suffix) = if self.at(1) == b'<' {
            self.skip();
            self.skip();
            let suffix = self.scan_uri(None)?;
            if self.at(0) != b'>' {
                return Err(self.problem("did not find the expected '>'"));
            }
            self.skip();
            (Cow::Borrowed(&b""[..]), suffix)
        } else {
            let handle = self.scan_handle(false)?;
            if handle.len() > 1 && handle.ends_with(b"!") {
                let suffix = self.scan_uri(None)?;
                (handle, suffix)
            } else {
                let suffix = self.scan_uri(Some(&handle))?;
                if suffix.is_empty() { (Cow::Borrowed(&b""[..]), handle) } else { (Cow::Borrowed(&b"!"[..]), suffix) }
            }
        };
        if !self.white_at(0) {
            return Err(self.problem("did not find expected whitespace or line break"));
        }
        Ok(Kind::Tag { handle, suffix })
    }

    fn scan_handle(&mut self, directive: bool) -> Result<Text<'a>> {
        if self.at(0) != b'!' {
            return Err(self.problem("did not find expected '!'"));
        }
        let begin = self.position;
        self.skip();
        self.scan_word();
        if self.at(0) == b'!' {
            self.skip();
        } else if directive && self.position > begin + 1 {
            return Err(self.problem("did not find expected '!'"));
        }
        Ok(Cow::Borrowed(&self.bytes[begin..self.position]))
    }

    /// A URI; `head` is what has been taken for a handle and is none, without its `!`.
    fn scan_uri(&mut self, head: Option<&[u8]>) -> Result<Text<'a>> {
        let mut uri = head.and_then(|head| head.get(1..)).unwrap_or_default().to_vec();
        let mut found = head.is_some_and(|head| !head.is_empty());
        loop {
            let byte = self.at(0);
            match byte {
                b'%' => self.scan_uri_escapes(&mut uri)?,
                b'0'..=b'9' | b'A'..=b'Z' | b'a'..=b'z' => {
                    uri.push(byte);
                    self.skip();
                }
                b'_' | b'-' | b';' | b'/' | b'?' | b':' | b'@' | b'&' | b'=' | b'+' | b'$' | b',' | b'.' | b'!'
                | b'~' | b'*' | b'\'' | b'(' | b')' | b'[' | b']' => {
                    uri.push(byte);
                    self.skip();
                }
                _ => break,
            }
            found = true;
        }
        if found { Ok(Cow::Owned(uri)) } else { Err(self.problem("did not find expected tag URI")) }
    }

    /// A character in `%XX` escapes.
    fn scan_uri_escapes(&mut self, uri: &mut Vec<u8>) -> Result<()> {
        let mut left = None;
        while left != Some(0) {
            let digit = |byte: u8| char::from(byte).to_digit(16);
            let (b'%', Some(high), Some(low)) = (self.at(0), digit(self.at(1)), digit(self.at(2))) else {
                return Err(self.problem("did not find URI escaped octet"));
            };
            let octet = (high * 16 + low) as u8;
            left = Some(match left {
                None => match octet {
                    0..0x80 => 0,
                    0xc0..0xe0 => 1,
                    0xe0..0xf0 => 2,
                    0xf0..0xf8 => 3,
                    _ => return Err(self.problem("found an incorrect leading UTF-8 octet")),
                },
                Some(left) if octet & 0xc0 == 0x80 => left - 1,
                Some(_) => return Err(self.problem("found an incorrect trailing UTF-8 octet")),
            });
            uri.push(octet);
            for _ in 0..3 {
                self.skip();
            }
        }
        Ok(())
    }
}
