//! Connections with encryption (TLS, by rustls).

use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use arc_swap::ArcSwap;
use tokio::net::{TcpListener, TcpStream};
use tokio::time::timeout;
use tokio_rustls::rustls::ServerConfig;
use tokio_rustls::rustls::pki_types::pem::PemObject;
use tokio_rustls::rustls::pki_types::{CertificateDer, PrivateKeyDer};
use tokio_rustls::server::TlsStream;
use tokio_rustls::{Accept, TlsAcceptor};

use super::connections::Listener;
use super::limits::HEAD_TIMEOUT;

/// The files that a server proves itself with.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TlsFiles {
    /// The certificate, and those that vouch for it, in PEM.
    pub certificate: PathBuf,
    /// Its private key, in PEM.
    pub key: PathBuf,
}

impl TlsFiles {
    /// Reads the files.
    ///
    /// # Errors
    /// Which file is wrong, and what is wrong with it.
    fn read(&self) -> io::Result<ServerConfig> {
        let wrong = |path: &Path, what: &dyn std::fmt::Display| {
            io::Error::new(io::ErrorKind::InvalidData, format!("{}: {what}", path.display()))
        };
        let certificates = CertificateDer::pem_file_iter(&self.certificate)
            .and_then(Iterator::collect::<Result<Vec<_>, _>>)
            .map_err(|error| wrong(&self.certificate, &error))?;
        if certificates.is_empty() {
            return Err(wrong(&self.certificate, &"it has no certificate: it must be a PEM file"));
        }
        let key = PrivateKeyDer::from_pem_file(&self.key).map_err(|error| wrong(&self.key, &error))?;
        let provider = Arc::new(tokio_rustls::rustls::crypto::ring::default_provider());
        ServerConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .and_then(|builder| builder.with_no_client_auth().with_single_cert(certificates, key))
            .map_err(|error| wrong(&self.certificate, &error))
    }
}

/// A listener whose connections are encrypted.
#[derive(Clone)]
pub struct TlsListener {
    listener: Arc<TcpListener>,
    files: TlsFiles,
    config: Arc<ArcSwap<ServerConfig>>,
}

impl TlsListener {
    /// Encrypts the connections of `listener`.
    ///
    /// # Errors
    /// If a file cannot be read, or is not what it should be.
    pub fn new(listener: TcpListener, files: TlsFiles) -> io::Result<Self> {
        let config = Arc::new(ArcSwap::from_pointee(files.read()?));
        Ok(Self { listener: Arc::new(listener), files, config })
    }

    /// Reads the files again, for connections that come from now on.
    ///
    /// # Errors
    /// As [`TlsListener::new`]; then the earlier ones stay.
    pub fn reload(&self) -> io::Result<()> {
        self.config.store(Arc::new(self.files.read()?));
        Ok(())
    }
}

impl Listener for TlsListener {
    type Accepted = Accept<TcpStream>;
    type Stream = TlsStream<TcpStream>;

    async fn accept(&self) -> io::Result<(Self::Accepted, String)> {
        let (stream, peer) = Listener::accept(&*self.listener).await?;
        Ok((TlsAcceptor::from(self.config.load_full()).accept(stream), peer))
    }

    async fn begin(accepted: Self::Accepted) -> io::Result<Self::Stream> {
        timeout(HEAD_TIMEOUT, accepted).await.map_err(io::Error::from)?
    }
}
