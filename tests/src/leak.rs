//! Looks for secrets where none may be: plain, in base64, compressed.
#![allow(clippy::unwrap_used, clippy::expect_used)] // This is a test, shared by several.

use std::io::Read;
use std::path::{Path, PathBuf};

/// A secret as it may be written: plain, and in base64 at each of the three alignments.
fn spellings(secret: &str) -> Vec<Vec<u8>> {
    use base64::Engine as _;
    let mut spellings = vec![secret.as_bytes().to_vec()];
    for alignment in 0..3 {
        let padded = [vec![b'x'; alignment], secret.as_bytes().to_vec()].concat();
        let text = base64::engine::general_purpose::STANDARD_NO_PAD.encode(padded);
        // The first and last groups also hold bits of the neighbours.
        let (from, to) = (if alignment == 0 { 0 } else { 4 }, text.len() - 4);
        spellings.push(text.as_bytes()[from..to].to_vec());
    }
    spellings
}

fn files_below(dir: &Path, but: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(dir).unwrap() {
        let path = entry.unwrap().path();
        if path == but {
            continue;
        }
        if path.is_dir() { found.extend(files_below(&path, but)) } else { found.push(path) }
    }
    found
}

fn holds(haystack: &[u8], needle: &[u8]) -> bool {
    let Some((first, _)) = needle.split_first() else { return true };
    // Windows are compared only where the first byte fits: there are many megabytes.
    let mut rest = haystack;
    while let Some(at) = rest.iter().position(|byte| byte == first) {
        rest = &rest[at..];
        if rest.starts_with(needle) {
            return true;
        }
        rest = &rest[1..];
    }
    false
}

fn inflated(bytes: &[u8]) -> Option<Vec<u8>> {
    if bytes.get(..2) != Some(&[0x1f, 0x8b]) {
        return None;
    }
    let mut plain = Vec::new();
    flate2::read::MultiGzDecoder::new(bytes).read_to_end(&mut plain).ok()?;
    Some(plain)
}

/// None of these is in what was printed, nor in any file below a folder but those of `cloud`, which may know them.
///
/// # Panics
/// When one is, or when there is nothing to search.
pub fn search(folder: &Path, cloud: &Path, printed: &str, secrets: &[String]) {
    assert!(secrets.iter().all(|secret| secret.len() > 20), "planted secrets are long");
    let files = files_below(folder, cloud);
    assert!(files.iter().any(|path| path.to_string_lossy().contains("audit")), "the audit log is searched: {files:?}");
    // Each file is read once, though there are many secrets.
    let read = |path: &PathBuf| {
        let bytes = std::fs::read(path).unwrap();
        let plain = inflated(&bytes);
        (path.clone(), bytes, plain)
    };
    let contents: Vec<_> = files.iter().map(read).collect();
    for secret in secrets {
        for spelling in spellings(secret) {
            assert!(!holds(printed.as_bytes(), &spelling), "a secret was printed");
            for (path, bytes, plain) in &contents {
                assert!(!holds(bytes, &spelling), "a secret is in {}", path.display());
                let inside = plain.as_ref().is_some_and(|plain| holds(plain, &spelling));
                assert!(!inside, "a secret is in {}, compressed", path.display());
            }
        }
    }
}
