//! The folder of a socket, closed to other users.

use std::fs::{self, DirBuilder, Metadata, Permissions};
use std::io;
use std::os::unix::fs::{DirBuilderExt, MetadataExt, PermissionsExt};
use std::path::{Path, PathBuf};

use crate::error::HostError;

/// How the name of a folder begins that did not exist before.
const FRESH: &str = "onepool-";

/// Who may pass through the folder to the socket in it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Access {
    /// The host's user.
    Private,
    /// Everybody; the host then looks at each peer.
    Shared,
}

impl Access {
    fn folder_mode(self) -> u32 {
        match self {
            Self::Private => 0o700,
            Self::Shared => 0o711,
        }
    }

    /// The mode of the socket.
    pub(super) fn socket_mode(self) -> u32 {
        match self {
            Self::Private => 0o600,
            Self::Shared => 0o666,
        }
    }

    /// The permissions of others that a folder must not give.
    fn forbidden(self) -> u32 {
        match self {
            Self::Private => 0o077,
            Self::Shared => 0o022,
        }
    }
}

/// A folder that nobody else can put anything into. It is removed on drop if it was created here
/// and is empty then.
#[derive(Debug)]
pub(super) struct PrivateFolder {
    path: PathBuf,
    access: Access,
    created: bool,
}

impl PrivateFolder {
    /// Creates the folder, or makes sure that the one that exists is private.
    pub(super) fn claim(path: &Path, access: Access) -> Result<Self, HostError> {
        let created = match create(path, access) {
            Ok(()) => true,
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => false,
            Err(error) => {
                return Err(HostError::io("create the folder", path.display())(error));
            }
        };
        let folder = Self {
            path: path.to_owned(),
            access,
            created,
        };
        folder.check()?;
        check_way(path)?;
        Ok(folder)
    }

    /// Makes sure that nobody else can put anything into it, as things are now.
    pub(super) fn check(&self) -> Result<(), HostError> {
        let metadata = fs::symlink_metadata(&self.path)
            .map_err(HostError::io("look at the folder", self.path.display()))?;
        check(&metadata, self.access).map_err(|problem| HostError::Folder {
            path: self.path.clone(),
            problem,
        })
    }

    /// Creates a folder that did not exist before, where the user's short-lived files belong.
    pub(super) fn fresh(access: Access) -> Result<Self, HostError> {
        let name = format!("{FRESH}{:016x}", rand::random::<u64>());
        let path = parent_of_fresh().join(name);
        create(&path, access).map_err(HostError::io("create the folder", path.display()))?;
        Ok(Self {
            path,
            access,
            created: true,
        })
    }

    /// Where it is.
    pub(super) fn path(&self) -> &Path {
        &self.path
    }
}

impl Drop for PrivateFolder {
    fn drop(&mut self) {
        if self.created {
            // Somebody may have put something into it; then it stays.
            let _ = fs::remove_dir(&self.path);
        }
    }
}

/// Where folders that did not exist before are created.
pub(super) fn parent_of_fresh() -> PathBuf {
    let runtime = std::env::var_os("XDG_RUNTIME_DIR").map(PathBuf::from);
    let usable = runtime.filter(|path| path.is_absolute() && path.is_dir());
    usable.unwrap_or_else(std::env::temp_dir)
}

/// Whether this is the name of such a folder.
pub(super) fn is_fresh_name(name: &str) -> bool {
    name.strip_prefix(FRESH)
        .is_some_and(|number| number.len() == 16 && u64::from_str_radix(number, 16).is_ok())
}

fn create(path: &Path, access: Access) -> io::Result<()> {
    let mode = access.folder_mode();
    DirBuilder::new().mode(mode).create(path)?;
    // The process's mask may have taken away what others are meant to have.
    fs::set_permissions(path, Permissions::from_mode(mode))
}

/// Says what is wrong with a folder that is to give nobody else more than this access.
pub(super) fn check(metadata: &Metadata, access: Access) -> Result<(), String> {
    let own = rustix::process::geteuid().as_raw();
    if metadata.is_symlink() {
        return Err("is a symbolic link; give the path that it leads to".to_owned());
    }
    if !metadata.is_dir() {
        return Err("is not a folder; choose another endpoint".to_owned());
    }
    if metadata.uid() != own {
        return Err(format!(
            "belongs to user {} and the host runs as user {own}; choose another endpoint, or give \
             the folder to the host's user",
            metadata.uid()
        ));
    }
    let mode = metadata.mode() & 0o777;
    if mode & access.forbidden() != 0 {
        return Err(format!(
            "is open to other users (mode {mode:03o}); use a folder of its own with mode {:03o}, \
             or let the host create one",
            access.folder_mode()
        ));
    }
    Ok(())
}

/// Makes sure that not everybody can put another folder into this one's place. (Whose the folders
/// above it are is left to whoever chooses the place.)
fn check_way(path: &Path) -> Result<(), HostError> {
    let real = path
        .canonicalize()
        .map_err(HostError::io("look at the folder", path.display()))?;
    for above in real.ancestors().skip(1) {
        let metadata =
            fs::metadata(above).map_err(HostError::io("look at the folder", above.display()))?;
        let (everybody, sticky) = (metadata.mode() & 0o002, metadata.mode() & 0o1000);
        if everybody != 0 && sticky == 0 {
            let problem = format!(
                "can be replaced by everybody, as {} is writable for all; choose another \
                 endpoint, or take that away (chmod o-w)",
                above.display()
            );
            return Err(HostError::Folder {
                path: path.to_owned(),
                problem,
            });
        }
    }
    Ok(())
}
