//! Copies of files for backups, from one folder into another.
//!
//! Called by `admin`, beside a running server too. A file never changes once it is there, so a second name for it is as
//! good as a copy and costs nothing; on another disk it is copied.

use std::fs::{self, DirBuilder, File};
use std::io::{self, ErrorKind};
use std::path::Path;

use crate::model::id::AttachmentId;

/// What came of copying.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Copied {
    /// Files that are there now.
    pub files: u64,
    /// Files that were not in the source.
    pub missing: u64,
}

/// Makes the folder `to`, with these files out of `from` in it, all on the disk. What is in the way of it goes: `to` is
/// the name of something unfinished.
pub fn copy(ids: &[AttachmentId], from: &Path, to: &Path) -> io::Result<Copied> {
    match fs::remove_dir_all(to) {
        Err(error) if error.kind() != ErrorKind::NotFound => return Err(error),
        Ok(()) | Err(_) => {}
    }
    let mut builder = DirBuilder::new();
    // As the folder of files itself: only its owner may look.
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(to)?;
    let mut copied = Copied::default();
    for id in ids {
        let name = id.to_string();
        match copy_one(&from.join(&name), &to.join(&name)) {
            Ok(()) => copied.files += 1,
            // Swept since the list was made, or lost before.
            Err(error) if error.kind() == ErrorKind::NotFound => copied.missing += 1,
            Err(error) => return Err(error),
        }
    }
    File::open(to)?.sync_all()?;
    Ok(copied)
}

fn copy_one(from: &Path, to: &Path) -> io::Result<()> {
    match fs::hard_link(from, to) {
        Ok(()) => Ok(()),
        Err(error) if error.kind() == ErrorKind::NotFound => Err(error),
        // Another disk, or one that knows no second names.
        Err(_) => {
            fs::copy(from, to)?;
            File::open(to)?.sync_all()
        }
    }
}
