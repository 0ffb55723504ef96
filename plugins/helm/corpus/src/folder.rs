//! A folder's files, for what takes them as a list.

use std::path::Path;

/// All files below a folder, by their paths in it, with `/` between; links are followed, as Helm does.
pub(crate) fn read(folder: &Path) -> Result<Vec<(String, Vec<u8>)>, String> {
    let mut files = Vec::new();
    collect(folder, "", 0, &mut files)?;
    Ok(files)
}

/// How deep folders may be: a link may lead into a folder above itself.
const MAX_DEPTH: usize = 64;

fn collect(folder: &Path, prefix: &str, depth: usize, files: &mut Vec<(String, Vec<u8>)>) -> Result<(), String> {
    if depth > MAX_DEPTH {
        return Err(format!("{} is too deep", folder.display()));
    }
    let unreadable = |why: std::io::Error| format!("cannot read {}: {why}", folder.display());
    let mut entries =
        std::fs::read_dir(folder).map_err(unreadable)?.collect::<Result<Vec<_>, _>>().map_err(unreadable)?;
    entries.sort_by_key(std::fs::DirEntry::file_name);
    for entry in entries {
        let name = entry.file_name();
        let path = format!("{prefix}{}", name.to_string_lossy());
        if entry.path().is_dir() {
            collect(&entry.path(), &format!("{path}/"), depth + 1, files)?;
        } else {
            files.push((path, crate::read(&entry.path())?));
        }
    }
    Ok(())
}
