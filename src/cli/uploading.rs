//! Captures that somebody sends to a server: where they lie meanwhile, and how they are read.

use std::fs::DirBuilder;
use std::io::ErrorKind;
use std::os::unix::fs::DirBuilderExt as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use anyhow::Context;

use super::failure::Failure;
use super::reading::{Wanted, read_and_tell};
use super::setup::Setup;
use crate::api::Opener;
use crate::capture;
use crate::question::Ground;
use crate::report::SourceFacts;

/// Opens captures with what the operator knows at that moment.
pub struct Uploading(pub Box<dyn Fn() -> Setup + Send + Sync>);

impl Opener for Uploading {
    fn open(
        &self,
        file: &Path,
        name: &str,
        tell: &mut dyn FnMut(u64, Option<u64>, u64),
    ) -> Result<Ground, String> {
        let wanted = Wanted { records: true, as_of: None, quiet: true };
        let mut progress = |progress: capture::Progress| {
            tell(progress.bytes, progress.total, progress.packets);
        };
        let setup = (self.0)();
        let read = read_and_tell(&[file.to_owned()], &setup, wanted, &mut progress);
        // Where it lay for the moment is nobody's business.
        let mut material =
            read.map_err(|failure| failure.to_string().replace(&file.display().to_string(), name))?;
        let named = |source: &SourceFacts| SourceFacts { path: name.to_owned(), ..source.clone() };
        material.sources = Arc::new(material.sources.iter().map(named).collect());
        Ok(Ground::new(material, Arc::new(setup.knowledge)))
    }
}

/// A folder of our own, which is gone when the server has ended.
pub struct Folder(PathBuf);

impl Folder {
    /// A new folder below another.
    ///
    /// # Errors
    /// If none can be made there.
    pub fn below(parent: &Path) -> Result<Folder, Failure> {
        let path = nix::unistd::mkdtemp(&parent.join("tapmap-XXXXXX"));
        path.map(Folder)
            .with_context(|| format!("no folder in {} for captures that are sent", parent.display()))
            .map_err(Failure::Failed)
    }

    /// A folder at a place of our own; what a server that was killed left there is gone.
    ///
    /// # Errors
    /// If it cannot be made.
    pub fn anew(path: PathBuf) -> Result<Folder, Failure> {
        let made = match std::fs::remove_dir_all(&path) {
            Err(error) if error.kind() != ErrorKind::NotFound => Err(error),
            _ => DirBuilder::new().mode(0o700).create(&path),
        };
        let name = path.display();
        made.with_context(|| format!("no folder {name} for captures that are sent"))
            .map_err(Failure::Failed)?;
        Ok(Folder(path))
    }

    /// Where it is.
    pub fn path(&self) -> &Path {
        &self.0
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        // What is left is a system's business that cleans its temporary folder.
        let _ = std::fs::remove_dir_all(&self.0);
    }
}
