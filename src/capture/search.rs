//! Where captures are looked for: the named files, and what lies in named directories.

use std::fs;
use std::path::{Path, PathBuf};

use super::error::Refusal;

/// Every regular file in a directory and below it, sorted by path. Symbolic links to directories are
/// not followed, so that there is no way round in circles; pipes and devices are left alone.
///
/// # Errors
/// If the directory itself cannot be listed. Directories below it that cannot are returned beside
/// the files.
pub(super) fn files_below(directory: &Path) -> Result<Found, Refusal> {
    let mut found = Found { files: Vec::new(), refused: Vec::new() };
    let mut left = Vec::new();
    list(directory, &mut found.files, &mut left)?;
    while let Some(below) = left.pop() {
        if let Err(why) = list(&below, &mut found.files, &mut left) {
            found.refused.push((below, why));
        }
    }
    found.files.sort();
    found.refused.sort_by(|a, b| a.0.cmp(&b.0));
    Ok(found)
}

/// What a search has found.
pub(super) struct Found {
    pub(super) files: Vec<PathBuf>,
    pub(super) refused: Vec<(PathBuf, Refusal)>,
}

fn list(directory: &Path, files: &mut Vec<PathBuf>, directories: &mut Vec<PathBuf>) -> Result<(), Refusal> {
    for entry in fs::read_dir(directory)? {
        let entry = entry?;
        let path = entry.path();
        if entry.file_type()?.is_dir() {
            directories.push(path);
        } else if fs::metadata(&path).is_ok_and(|target| target.is_file()) {
            files.push(path);
        }
    }
    Ok(())
}

/// Whether a file is named like a capture. In a directory such a file is missed when it cannot be
/// read, while any other file that is no capture is none of our business.
pub(super) fn is_named_like_a_capture(path: &Path) -> bool {
    const COMPRESSION: [&str; 3] = [".gz", ".zst", ".xz"];
    const CAPTURE: [&str; 3] = [".pcap", ".pcapng", ".cap"];
    let name = path.file_name().unwrap_or_default().to_string_lossy().to_ascii_lowercase();
    let name = COMPRESSION.iter().find_map(|ending| name.strip_suffix(ending)).unwrap_or(&name);
    CAPTURE.iter().any(|ending| name.ends_with(ending))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn captures_are_told_by_name() {
        for name in ["a.pcap", "x/b.PcapNG.gz", "c.cap.zst", "d.pcap.xz"] {
            assert!(is_named_like_a_capture(Path::new(name)), "{name}");
        }
        for name in ["README.md", "pcap", "a.pcap.json", "cap.gz", ".."] {
            assert!(!is_named_like_a_capture(Path::new(name)), "{name}");
        }
    }

    #[cfg(unix)]
    #[test]
    fn is_sorted_and_does_not_run_in_circles() {
        let directory = tempfile::tempdir().unwrap();
        let root = directory.path();
        fs::create_dir_all(root.join("b/c")).unwrap();
        for name in ["z", "b/c/x", "b/a", "a"] {
            fs::write(root.join(name), b"").unwrap();
        }
        std::os::unix::fs::symlink(root, root.join("b/round")).unwrap();
        std::os::unix::fs::symlink(root.join("z"), root.join("b/link")).unwrap();
        let found = files_below(root).unwrap();
        let names: Vec<_> = found.files.iter().map(|path| path.strip_prefix(root).unwrap()).collect();
        assert_eq!(names, ["a", "b/a", "b/c/x", "b/link", "z"].map(Path::new));
        assert!(matches!(files_below(&root.join("none")), Err(Refusal::Missing)));
    }
}
