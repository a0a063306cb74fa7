//! The file that holds the master key.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Write as _};
use std::path::Path;

use tracklane_core::Env;

use crate::error::{Error, Result};

/// The name of the file in the data folder that holds the master key.
pub const MASTER_KEY_FILE: &str = "master.key";

/// Reads the key, or makes it.
pub(super) fn open(folder: &Path, env: &Env) -> Result<[u8; 32]> {
    let path = folder.join(MASTER_KEY_FILE);
    let failed = |error: io::Error| Error::internal(format!("cannot use {}: {error}", path.display()));
    if !path.try_exists().map_err(failed)? {
        create(folder, &path, env).map_err(failed)?;
    }
    warn_if_others_can_read(&path).map_err(failed)?;
    let text = fs::read_to_string(&path).map_err(failed)?;
    parse(text.trim()).ok_or_else(|| Error::internal(format!("{} must hold 64 hex digits", path.display())))
}

/// Writes a new key beside its place and then links it there: whoever reads sees a whole key or none, and of two
/// processes that start at once one wins.
fn create(folder: &Path, path: &Path, env: &Env) -> io::Result<()> {
    fs::create_dir_all(folder)?;
    let suffix = u64::from_le_bytes(env.random());
    let draft = folder.join(format!("{MASTER_KEY_FILE}.{suffix:016x}"));
    let mut text = String::with_capacity(65);
    for byte in env.random::<32>() {
        text.push_str(&format!("{byte:02x}"));
    }
    text.push('\n');
    let mut file = private(&draft)?;
    file.write_all(text.as_bytes())?;
    file.sync_all()?;
    let linked = match fs::hard_link(&draft, path) {
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => Ok(()),
        other => other,
    };
    fs::remove_file(&draft)?;
    linked?;
    File::open(folder)?.sync_all()
}

fn private(path: &Path) -> io::Result<File> {
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(path)
}

fn warn_if_others_can_read(path: &Path) -> io::Result<()> {
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        if fs::metadata(path)?.permissions().mode() & 0o077 != 0 {
            tracing::warn!(path = %path.display(), "others than the owner can read the master key");
        }
    }
    Ok(())
}

/// 64 hex digits as 32 bytes.
fn parse(text: &str) -> Option<[u8; 32]> {
    let digits = text.as_bytes();
    let mut key = [0; 32];
    if digits.len() != 2 * key.len() {
        return None;
    }
    for (slot, pair) in key.iter_mut().zip(digits.chunks_exact(2)) {
        let high = char::from(pair[0]).to_digit(16)?;
        let low = char::from(pair[1]).to_digit(16)?;
        *slot = u8::try_from(high << 4 | low).ok()?;
    }
    Some(key)
}
