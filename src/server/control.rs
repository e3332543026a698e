//! What commands ask of the server that owns their file, on a socket that only the file's owner can reach.

use std::fs::Permissions;
use std::io;
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::path::{Path, PathBuf};

use tide::{Request, Response, Server, StatusCode};
use tokio::net::{UnixListener, UnixStream};

use super::app::App;
use super::http::connections::Listener;
use super::http::request_parts::{in_background, received_body};
use crate::control::{
    AddModels, Backup, FindSimilar, ImportOutcomes, Ingest, IngestOutcomes, ListBatches, ListModels, ListOutcomes,
    ListRequests, Operation, Predict, PromoteModel, PruneModels, ReadArtifact, ReadChampion, ReadDataset, ReadStatus,
    RemoteError, ReplayRequests, RollBackChampion, RunQuery, ShowBatch, ShowModel, ShowRequest, UndoBatch, decode,
    encode, socket_path,
};
use crate::files::beside;

/// The application that answers on the socket.
#[must_use]
pub fn build(app: App) -> Server<App> {
    let mut server = tide::with_state(app);
    operation::<ListBatches>(&mut server);
    operation::<ShowBatch>(&mut server);
    operation::<ListModels>(&mut server);
    operation::<ShowModel>(&mut server);
    operation::<ListRequests>(&mut server);
    operation::<ShowRequest>(&mut server);
    operation::<RunQuery>(&mut server);
    operation::<ReadDataset>(&mut server);
    operation::<ReadChampion>(&mut server);
    operation::<ReadArtifact>(&mut server);
    operation::<Ingest>(&mut server);
    operation::<UndoBatch>(&mut server);
    operation::<ReplayRequests>(&mut server);
    operation::<ReadStatus>(&mut server);
    operation::<ListOutcomes>(&mut server);
    operation::<ImportOutcomes>(&mut server);
    operation::<IngestOutcomes>(&mut server);
    operation::<AddModels>(&mut server);
    operation::<PromoteModel>(&mut server);
    operation::<RollBackChampion>(&mut server);
    operation::<PruneModels>(&mut server);
    operation::<Predict>(&mut server);
    operation::<FindSimilar>(&mut server);
    server.at(&path_of::<Backup>()).post(back_up);
    server
}

fn path_of<O: Operation>() -> String {
    format!("/control/{}", O::NAME)
}

fn operation<O: Operation>(server: &mut Server<App>) {
    server.at(&path_of::<O>()).post(run::<O>);
}

async fn run<O: Operation>(request: Request<App>) -> tide::Result {
    let body = received_body(&request);
    let app = request.state().clone();
    let answer = in_background(move || {
        let operation: O = decode(&body).map_err(|error| RemoteError::of(&error))?;
        app.run(operation).map_err(|error| RemoteError::of(&error))
    });
    Ok(respond(&answer.await.unwrap_or_else(|problem| Err(RemoteError::of(&io::Error::other(problem.detail))))))
}

/// A backup is made with the log in the database, while nothing more of it goes there and while nothing else changes: nobody writes a checkpoint then.
async fn back_up(request: Request<App>) -> tide::Result {
    let body = received_body(&request);
    let App { pricing, log, .. } = request.state().clone();
    let answer = in_background(move || {
        let Backup { to } = decode(&body).map_err(|error| RemoteError::of(&error))?;
        pricing.hold(|| log.with_flushed_store(move |store| store.backup(&to))).map_err(|error| RemoteError::of(&error))
    });
    Ok(respond(&answer.await.unwrap_or_else(|problem| Err(RemoteError::of(&io::Error::other(problem.detail))))))
}

fn respond<T: serde::Serialize>(answer: &Result<T, RemoteError>) -> Response {
    let (status, bytes) = match answer {
        Ok(answer) => (StatusCode::Ok, encode(answer)),
        Err(told) => (StatusCode::UnprocessableEntity, encode(told)),
    };
    match bytes {
        Ok(bytes) => Response::builder(status).body(bytes).build(),
        Err(error) => Response::builder(StatusCode::InternalServerError).body(error.to_string()).build(),
    }
}

/// The socket, which goes away with it.
pub struct Socket {
    listener: UnixListener,
    path: PathBuf,
    owner: u32,
}

impl Socket {
    /// Listens for commands on the file at `database`. The file must be this process's own: a socket that lies there
    /// already is then of a server that died, and is replaced.
    ///
    /// # Errors
    /// What the system says.
    pub fn bind(database: &Path) -> io::Result<Self> {
        let path = socket_path(database);
        let fresh = beside(&path, ".new");
        // what a server left that died while it started
        let _ = std::fs::remove_file(&fresh);
        let listener = UnixListener::bind(&fresh)?;
        std::fs::set_permissions(&fresh, Permissions::from_mode(0o600))?;
        let owner = std::fs::metadata(&fresh)?.uid();
        std::fs::rename(&fresh, &path)?;
        Ok(Self { listener, path, owner })
    }
}

impl Drop for Socket {
    fn drop(&mut self) {
        // one that stays is nobody's, and the next server replaces it
        let _ = std::fs::remove_file(&self.path);
    }
}

impl Listener for Socket {
    type Stream = UnixStream;

    async fn accept(&self) -> io::Result<(UnixStream, String)> {
        loop {
            let (stream, _) = self.listener.accept().await?;
            // besides the socket's permissions, which had a moment before they were set
            if stream.peer_cred()?.uid() == self.owner {
                return Ok((stream, "control".to_owned()));
            }
            tracing::warn!("a command of another user was turned away");
        }
    }
}
