//! Unpacks a chart's archive in memory, within limits, and refuses what is no file of a chart.

use std::collections::HashMap;
use std::io::Read;

use flate2::read::MultiGzDecoder;

use super::tar::{Kind, Reader};
use super::{Error, File};

/// Helm's limit of a file in a chart.
pub const MAX_FILE_SIZE: u64 = 5 * 1024 * 1024;

/// Helm's limit of an unpacked chart; here with all charts that are packed within it.
pub const MAX_CHART_SIZE: u64 = 100 * 1024 * 1024;

/// Far above what charts have (the largest that are public: some hundreds), since each entry costs memory
/// beyond its content, and a thousand empty ones pack into a kilobyte.
pub const MAX_FILES: usize = 20_000;

/// What Linux takes as a path.
pub const MAX_PATH: usize = 4096;

/// What may be unpacked still: one for a chart and all that is packed inside it.
#[derive(Debug)]
pub(super) struct Budget {
    bytes: u64,
    files: usize,
}

impl Budget {
    pub(super) fn new() -> Self {
        Self { bytes: MAX_CHART_SIZE, files: MAX_FILES }
    }

    /// Takes `size` bytes for a file.
    pub(super) fn file(&mut self, name: &str, size: u64) -> Result<(), Error> {
        if size > MAX_FILE_SIZE {
            return Err(Error::new(format!(
                "chart file {name:?} is larger than the maximum file size {MAX_FILE_SIZE}"
            )));
        }
        self.bytes = self.bytes.checked_sub(size).ok_or_else(|| {
            Error::new(format!("decompressed chart is larger than the maximum size {MAX_CHART_SIZE}"))
        })?;
        self.files = self
            .files
            .checked_sub(1)
            .ok_or_else(|| Error::new(format!("chart holds more than the maximum of {MAX_FILES} files")))?;
        Ok(())
    }
}

/// The files of a packed chart, named from the chart's own folder, in the archive's order.
pub(super) fn unpack(archive: &[u8], budget: &mut Budget) -> Result<Vec<File>, Error> {
    if !archive.starts_with(&[0x1f, 0x8b, 0x08]) {
        return Err(Error::new("the chart does not appear to be a gzipped archive"));
    }
    // Whatever an archive holds beside files (directories, long names) is bounded with them.
    let bound = MAX_CHART_SIZE + MAX_FILES as u64 * 2048;
    let mut tar = Reader::new(Bounded { source: MultiGzDecoder::new(archive), left: bound });
    let mut files: Vec<File> = Vec::new();
    let mut seen: HashMap<String, usize> = HashMap::new();
    while let Some(entry) = tar.next()? {
        if entry.kind == Kind::Directory {
            continue;
        }
        let name = chart_name(&entry.name)?;
        if entry.kind == Kind::Special {
            return Err(Error::new(format!("{name:?} is a link or device, not a file")));
        }
        budget.file(&name, entry.size)?;
        let file = File::new(name.clone(), &tar.content()?);
        match seen.insert(name, files.len()).and_then(|index| files.get(index)) {
            // Packers write a file twice now and then; only two contents would leave a choice.
            Some(first) if first.data != file.data => {
                return Err(Error::new(format!("the archive holds {:?} twice, and not alike", file.name)));
            }
            Some(_) => {}
            None => files.push(file),
        }
    }
    if files.is_empty() {
        return Err(Error::new("no files in chart archive"));
    }
    Ok(files)
}

/// An entry's name without the folder that the archive packs all into.
fn chart_name(entry: &[u8]) -> Result<String, Error> {
    let entry = std::str::from_utf8(entry)
        .map_err(|_| Error::new(format!("{:?} is not a name in UTF-8", String::from_utf8_lossy(entry))))?;
    if entry.len() > MAX_PATH {
        return Err(Error::new(format!("a name of {} bytes is longer than the maximum of {MAX_PATH}", entry.len())));
    }
    if entry.chars().any(char::is_control) {
        return Err(Error::new(format!("{entry:?} holds control characters")));
    }
    // Windows packs with its own separator.
    let separator = if entry.contains('\\') { '\\' } else { '/' };
    let (folder, rest) = entry.split_once(separator).unwrap_or((entry, ""));
    let name = rest.replace(separator, "/");
    if name.starts_with('/') {
        return Err(Error::new("chart illegally contains absolute paths"));
    }
    let name = clean(&name);
    if name == "." {
        return Err(Error::new(format!("chart illegally contains content outside the base directory: {entry:?}")));
    }
    if name.starts_with("..") {
        return Err(Error::new("chart illegally references parent directory"));
    }
    if matches!(name.as_bytes(), [letter, b':', b'/', ..] if letter.is_ascii_alphabetic()) {
        return Err(Error::new("chart contains illegally named files"));
    }
    if folder == "Chart.yaml" {
        return Err(Error::new("chart yaml not in base directory"));
    }
    Ok(name)
}

/// Go's `path.Clean` of a relative path.
pub(super) fn clean(path: &str) -> String {
    let mut parts: Vec<&str> = Vec::new();
    for part in path.split('/') {
        match part {
            "" | "." => {}
            ".." if parts.last().is_some_and(|last| *last != "..") => drop(parts.pop()),
            part => parts.push(part),
        }
    }
    if parts.is_empty() { ".".to_owned() } else { parts.join("/") }
}

/// A stream that fails beyond its bound, where `take` would end.
struct Bounded<R> {
    source: R,
    left: u64,
}

impl<R: Read> Read for Bounded<R> {
    fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
        let read = self.source.read(buffer)?;
        self.left = self.left.checked_sub(read as u64).ok_or_else(|| {
            std::io::Error::other(format!("decompressed chart is larger than the maximum size {MAX_CHART_SIZE}"))
        })?;
        Ok(read)
    }
}
