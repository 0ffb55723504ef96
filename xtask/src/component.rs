//! The names that a WebAssembly component imports, read from its bytes.

/// `\0asm`, then the version and layer that say component.
const PREAMBLE: &[u8] = &[0, b'a', b's', b'm', 0x0d, 0, 1, 0];
const IMPORT_SECTION: u8 = 10;

/// The names of the component's own imports; none if these are not a component's bytes.
pub(crate) fn imports(component: &[u8]) -> Option<Vec<String>> {
    let mut rest = Reader(component.strip_prefix(PREAMBLE)?);
    let mut names = Vec::new();
    while !rest.0.is_empty() {
        let (id, size) = (rest.byte()?, rest.number()?);
        let mut section = Reader(rest.take(size)?);
        if id == IMPORT_SECTION {
            for _ in 0..section.number()? {
                names.push(section.import()?);
            }
        }
    }
    Some(names)
}

struct Reader<'a>(&'a [u8]);

impl<'a> Reader<'a> {
    fn byte(&mut self) -> Option<u8> {
        let (first, rest) = self.0.split_first()?;
        self.0 = rest;
        Some(*first)
    }

    fn take(&mut self, size: usize) -> Option<&'a [u8]> {
        let (taken, rest) = self.0.split_at_checked(size)?;
        self.0 = rest;
        Some(taken)
    }

    /// An unsigned LEB128 number of up to 32 bits.
    fn number(&mut self) -> Option<usize> {
        let mut number = 0_u64;
        for shift in (0..35).step_by(7) {
            let byte = self.byte()?;
            number |= u64::from(byte & 0x7f) << shift;
            if byte & 0x80 == 0 {
                return usize::try_from(number).ok();
            }
        }
        None
    }

    fn import(&mut self) -> Option<String> {
        // The first byte tells forms of a name apart which are all written the same.
        let (_form, length) = (self.byte()?, self.number()?);
        let name = std::str::from_utf8(self.take(length)?).ok()?.to_owned();
        self.external()?;
        Some(name)
    }

    /// Skips what the import is said to be.
    fn external(&mut self) -> Option<()> {
        match self.byte()? {
            // A core module: its sort has two bytes.
            0x00 => (self.byte()? == 0x11).then_some(())?,
            // A function, a component, an instance: an index alone.
            0x01 | 0x04 | 0x05 => {}
            // A type: equal to another, or opaque, which has no index.
            0x03 => {
                if self.byte()? == 0x01 {
                    return Some(());
                }
            }
            _ => return None,
        }
        self.number().map(|_| ())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn section(id: u8, content: &[u8]) -> Vec<u8> {
        let size = u8::try_from(content.len()).unwrap_or_default();
        [&[id, size][..], content].concat()
    }

    fn import(name: &str, external: &[u8]) -> Vec<u8> {
        [&[0, u8::try_from(name.len()).unwrap_or_default()], name.as_bytes(), external].concat()
    }

    #[test]
    fn imports_are_found_among_other_sections() {
        let two = [&[2], &import("maps:platform/log", &[5, 0])[..], &import("wasi:cli/exit", &[5, 1])].concat();
        let bytes = [PREAMBLE, &section(7, &[0]), &section(10, &two), &section(0, b"\x01x")].concat();
        assert_eq!(imports(&bytes), Some(vec!["maps:platform/log".to_owned(), "wasi:cli/exit".to_owned()]));
    }

    #[test]
    fn every_kind_of_import_is_stepped_over() {
        let all = [&[0x00, 0x11, 7][..], &[1, 0], &[3, 0, 4], &[3, 1], &[4, 0], &[5, 0x80, 1]];
        let content: Vec<u8> = std::iter::once(6)
            .chain(all.iter().enumerate().flat_map(|(n, external)| import(&format!("i{n}"), external)))
            .collect();
        let found = imports(&[PREAMBLE, &section(10, &content)].concat());
        assert_eq!(found, Some((0..6).map(|n| format!("i{n}")).collect()));
    }

    #[test]
    fn what_is_no_component_has_no_answer() {
        let cut = [PREAMBLE, &[10, 50, 1]].concat();
        let module = [0, b'a', b's', b'm', 1, 0, 0, 0];
        for bytes in [&cut[..], &module, b"", b"text"] {
            assert_eq!(imports(bytes), None);
        }
    }
}
