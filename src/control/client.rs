//! Sends operations to the server that owns the file.

use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use http_body_util::{BodyExt, Full};
use hyper::body::Bytes;
use hyper::{Method, Request, StatusCode};
use hyper_util::rt::TokioIo;
use tokio::net::UnixStream;
use tokio::runtime::Runtime;

use super::{FileAccessError, Operation, RemoteError, decode, encode, socket};

/// The client of a server, with one connection for each operation.
pub struct Client {
    runtime: Runtime,
    socket: PathBuf,
}

impl Client {
    /// The client of the server of the file at `database`, if one listens. The socket of a dead server counts as none.
    pub fn find(database: &Path) -> Option<Self> {
        let socket = socket::path_of(database);
        // a socket that another user owns is not that of this file's server
        let owner = |path: &Path| std::fs::metadata(path).map(|about| about.uid());
        if owner(&socket).ok()? != owner(database).ok()? {
            return None;
        }
        let runtime = tokio::runtime::Builder::new_current_thread().enable_io().build().ok()?;
        runtime.block_on(UnixStream::connect(&socket)).ok()?;
        Some(Self { runtime, socket })
    }

    /// Runs `operation` there.
    ///
    /// # Errors
    /// What the server reports, or that it does not answer.
    pub fn run<O: Operation>(&self, operation: &O) -> Result<O::Answer, FileAccessError> {
        let body = encode(operation).map_err(|error| self.unreachable(&error))?;
        let (status, answer) =
            self.runtime.block_on(self.ask(O::NAME, body)).map_err(|error| self.unreachable(error.as_ref()))?;
        if status == StatusCode::OK {
            return decode(&answer).map_err(|error| self.unreachable(&error));
        }
        let told: RemoteError = decode(&answer).map_err(|_| FileAccessError::Unreachable {
            socket: self.socket.clone(),
            reason: format!("it answered {status}: {}", String::from_utf8_lossy(&answer)),
        })?;
        Err(told.into())
    }

    async fn ask(
        &self,
        name: &str,
        body: Vec<u8>,
    ) -> Result<(StatusCode, Bytes), Box<dyn std::error::Error + Send + Sync>> {
        let stream = UnixStream::connect(&self.socket).await?;
        let (mut sender, connection) = hyper::client::conn::http1::handshake(TokioIo::new(stream)).await?;
        let connection = tokio::spawn(connection);
        let request = Request::builder()
            .method(Method::POST)
            .uri(format!("/control/{name}"))
            .header(hyper::header::HOST, "diamonds")
            .body(Full::new(Bytes::from(body)))?;
        let response = sender.send_request(request).await?;
        let status = response.status();
        let answer = response.into_body().collect().await?.to_bytes();
        connection.abort();
        Ok((status, answer))
    }

    fn unreachable(&self, error: &dyn std::error::Error) -> FileAccessError {
        FileAccessError::Unreachable { socket: self.socket.clone(), reason: error.to_string() }
    }
}
