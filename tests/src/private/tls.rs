//! A server's certificate, and the authority that signed it.

use std::fs::{self, OpenOptions};
use std::io::Write;
use std::net::Ipv4Addr;
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, IsCa, KeyPair};

use super::error::Error;
use super::owner::Owner;

/// The files, in the server's folder.
pub(crate) const AUTHORITY: &str = "authority.pem";
pub(crate) const CERTIFICATE: &str = "certificate.pem";
pub(crate) const KEY: &str = "key.pem";

/// What a server needs to speak TLS.
#[derive(Debug, Clone)]
pub(crate) struct Tls {
    address: Ipv4Addr,
    files: [(&'static str, String); 3],
}

impl Tls {
    /// A new authority, and a certificate of it for an address of the server's own.
    pub(crate) fn new() -> Result<Self, Error> {
        // PostgreSQL secures no Unix socket. A loopback address that nobody else draws leaves the
        // usual port free for the server.
        let address = Ipv4Addr::new(127, draw(), draw(), draw());
        let failed = |source| Error::Certificate { source };
        let authority = authority().map_err(failed)?;
        let names = ["localhost".to_owned(), address.to_string()];
        let key = KeyPair::generate().map_err(failed)?;
        let certificate = CertificateParams::new(names)
            .and_then(|server| server.signed_by(&key, &authority))
            .map_err(failed)?;
        Ok(Self {
            address,
            files: [
                (AUTHORITY, authority.pem()),
                (CERTIFICATE, certificate.pem()),
                (KEY, key.serialize_pem()),
            ],
        })
    }

    pub(crate) fn address(&self) -> Ipv4Addr {
        self.address
    }

    /// Writes the files for a server, which refuses a key that others may read.
    pub(crate) fn write(&self, folder: &Path, owner: &Owner) -> Result<(), Error> {
        for (name, pem) in &self.files {
            let path = folder.join(name);
            write(&path, pem).map_err(Error::io(format!("write {name}")))?;
            owner.give(&path)?;
        }
        Ok(())
    }
}

/// An authority that no server's certificate is signed by, in a file of this folder.
pub(crate) fn stranger(folder: &Path) -> Result<PathBuf, Error> {
    let path = folder.join("stranger.pem");
    let authority = authority().map_err(|source| Error::Certificate { source })?;
    fs::write(&path, authority.pem()).map_err(Error::io("write stranger.pem"))?;
    Ok(path)
}

fn authority() -> Result<CertifiedIssuer<'static, KeyPair>, rcgen::Error> {
    let mut params = CertificateParams::new(Vec::new())?;
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    CertifiedIssuer::self_signed(params, KeyPair::generate()?)
}

fn write(path: &Path, content: &str) -> std::io::Result<()> {
    let mut options = OpenOptions::new();
    let mut file = options
        .write(true)
        .create_new(true)
        .mode(0o600)
        .open(path)?;
    file.write_all(content.as_bytes())
}

fn draw() -> u8 {
    fastrand::u8(1..=254)
}
