//! Reads tar streams, as much of the format as charts are packed with, and refuses the rest.

use std::io::{ErrorKind, Read};

use super::Error;

const BLOCK: usize = 512;

/// Long names and PAX records are text of a few hundred bytes; Go's reader takes as much.
const MAX_EXTENSION: u64 = 1024 * 1024;

/// What an entry is, as far as a chart can hold it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    File,
    Directory,
    /// A hard or symbolic link, a device, a pipe.
    Special,
}

/// An entry's header.
#[derive(Debug)]
pub(super) struct Entry {
    pub(super) name: Vec<u8>,
    pub(super) kind: Kind,
    pub(super) size: u64,
}

/// A tar archive, read from its start to its end.
pub(super) struct Reader<R> {
    source: R,
    /// What is left of the entry's content, and what fills its last block.
    content: u64,
    padding: u64,
}

impl<R: Read> Reader<R> {
    pub(super) fn new(source: R) -> Self {
        Self { source, content: 0, padding: 0 }
    }

    /// The next entry, whatever has been read of the one before; `None` at the end.
    pub(super) fn next(&mut self) -> Result<Option<Entry>, Error> {
        let mut name = None;
        let mut size = None;
        loop {
            let Some(header) = self.header()? else { return Ok(None) };
            match header.flag {
                b'x' => {
                    for (key, value) in pax_records(&self.extension()?)? {
                        match key.as_slice() {
                            b"path" => name = Some(value),
                            b"size" => size = Some(decimal(&value).ok_or_else(invalid)?),
                            key if key.starts_with(b"GNU.sparse.") => return Err(sparse()),
                            _ => {}
                        }
                    }
                }
                // What holds for all entries is comments (the commit, from `git archive`).
                b'g' => drop(self.extension()?),
                b'L' => name = Some(until_nul(&self.extension()?).to_vec()),
                b'K' => drop(self.extension()?),
                b'S' => return Err(sparse()),
                flag => {
                    let name = name.unwrap_or(header.name);
                    let kind = match flag {
                        _ if header.mode & 0o170_000 == 0o040_000 => Kind::Directory,
                        b'5' => Kind::Directory,
                        b'0' | 0 | b'7' if name.ends_with(b"/") => Kind::Directory,
                        b'0' | 0 | b'7' => Kind::File,
                        _ => Kind::Special,
                    };
                    if let Some(size) = size.filter(|_| kind == Kind::File) {
                        self.expect(size)?;
                    }
                    return Ok(Some(Entry { name, kind, size: self.content }));
                }
            }
        }
    }

    /// The content of the entry, which is `size` bytes: the caller has held that against its limits.
    pub(super) fn content(&mut self) -> Result<Vec<u8>, Error> {
        // What an archive says of itself is not reserved before it has come.
        let mut data = Vec::with_capacity(usize::try_from(self.content.min(64 * 1024)).unwrap_or(0));
        let read = self.source.by_ref().take(self.content).read_to_end(&mut data).map_err(unreadable)?;
        if read as u64 != self.content {
            return Err(Error::new("unexpected EOF"));
        }
        self.content = 0;
        Ok(data)
    }

    fn extension(&mut self) -> Result<Vec<u8>, Error> {
        if self.content > MAX_EXTENSION {
            return Err(invalid());
        }
        self.content()
    }

    fn expect(&mut self, size: u64) -> Result<(), Error> {
        self.content = size;
        self.padding = size.checked_next_multiple_of(BLOCK as u64).ok_or_else(invalid)? - size;
        Ok(())
    }

    fn header(&mut self) -> Result<Option<Header>, Error> {
        let rest = self.content.checked_add(self.padding).ok_or_else(invalid)?;
        std::io::copy(&mut self.source.by_ref().take(rest), &mut std::io::sink()).map_err(unreadable)?;
        (self.content, self.padding) = (0, 0);

        let Some(mut block) = self.block()? else { return Ok(None) };
        if block.iter().all(|byte| *byte == 0) {
            match self.block()? {
                None => return Ok(None),
                Some(second) if second.iter().all(|byte| *byte == 0) => return Ok(None),
                Some(_) => return Err(invalid()),
            }
        }
        let header = Header::parse(&mut block).ok_or_else(invalid)?;
        if header.has_content() {
            self.expect(header.size)?;
        }
        Ok(Some(header))
    }

    /// A block; `None` at the end of the stream, which many packers do not mark.
    fn block(&mut self) -> Result<Option<[u8; BLOCK]>, Error> {
        let mut block = [0; BLOCK];
        let mut filled = 0;
        while filled < BLOCK {
            // The range is within the block, since `filled` is below its length.
            match self.source.read(&mut block[filled..]) {
                Ok(0) if filled == 0 => return Ok(None),
                Ok(0) => return Err(Error::new("unexpected EOF")),
                Ok(read) => filled += read,
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(error) => return Err(unreadable(error)),
            }
        }
        Ok(Some(block))
    }
}

struct Header {
    name: Vec<u8>,
    mode: u64,
    size: u64,
    flag: u8,
}

impl Header {
    fn parse(block: &mut [u8; BLOCK]) -> Option<Self> {
        let stated = number(&block[148..156])?;
        block[148..156].fill(b' ');
        let unsigned: u64 = block.iter().map(|byte| u64::from(*byte)).sum();
        let signed: i64 = block.iter().map(|byte| i64::from(byte.cast_signed())).sum();
        if stated != unsigned && i64::try_from(stated) != Ok(signed) {
            return None;
        }
        let mut name = until_nul(&block[..100]).to_vec();
        if &block[257..263] == b"ustar\0" {
            // The name's first part; GNU's format has times there instead.
            let prefix = if &block[508..512] == b"tar\0" { &block[345..476] } else { &block[345..500] };
            let prefix = until_nul(prefix);
            if !prefix.is_empty() {
                name = [prefix, b"/", &name].concat();
            }
        }
        Some(Self { name, mode: number(&block[100..108])?, size: number(&block[124..136])?, flag: block[156] })
    }

    fn has_content(&self) -> bool {
        !matches!(self.flag, b'1'..=b'6')
    }
}

/// A number in octal digits, or in GNU's binary form for what is too large.
fn number(field: &[u8]) -> Option<u64> {
    if let [first, rest @ ..] = field
        && first & 0x80 != 0
    {
        let negative = first & 0x40 != 0;
        return rest
            .iter()
            .try_fold(u64::from(first & 0x3f), |sum, byte| sum.checked_mul(256)?.checked_add(u64::from(*byte)))
            .filter(|_| !negative);
    }
    let text = until_nul(field).trim_ascii();
    text.iter().try_fold(0_u64, |sum, digit| match digit {
        b'0'..=b'7' => sum.checked_mul(8)?.checked_add(u64::from(digit - b'0')),
        _ => None,
    })
}

fn decimal(text: &[u8]) -> Option<u64> {
    std::str::from_utf8(text).ok()?.parse().ok()
}

fn until_nul(field: &[u8]) -> &[u8] {
    field.split(|byte| *byte == 0).next().unwrap_or_default()
}

/// A key and its value.
type Record = (Vec<u8>, Vec<u8>);

/// Records of the form "LENGTH KEY=VALUE\n", where the length counts the whole record.
fn pax_records(mut text: &[u8]) -> Result<Vec<Record>, Error> {
    let mut records = Vec::new();
    while !text.is_empty() {
        let record = text
            .iter()
            .position(|byte| *byte == b' ')
            .and_then(|space| Some((space, usize::try_from(decimal(text.get(..space)?)?).ok()?)))
            .and_then(|(space, length)| {
                let record = text.get(space + 1..length)?.strip_suffix(b"\n")?;
                let equals = record.iter().position(|byte| *byte == b'=')?;
                text = text.get(length..)?;
                Some((record.get(..equals)?.to_vec(), record.get(equals + 1..)?.to_vec()))
            });
        let (key, value) = record.ok_or_else(invalid)?;
        if key.is_empty() || value.contains(&0) {
            return Err(invalid());
        }
        records.push((key, value));
    }
    Ok(records)
}

fn invalid() -> Error {
    Error::new("archive/tar: invalid tar header")
}

fn sparse() -> Error {
    Error::new("the archive holds sparse files, which charts have no use for")
}

#[expect(clippy::needless_pass_by_value, reason = "as map_err hands it over")]
fn unreadable(error: std::io::Error) -> Error {
    Error::new(error.to_string())
}
