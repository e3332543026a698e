//! Serves the operations of the command line, on a socket that only the file's owner can reach.

use std::fs::Permissions;
use std::io;
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::path::{Path, PathBuf};

use tide::{Request, Response, Server, StatusCode};
use tokio::net::{UnixListener, UnixStream};

use super::app::App;
use super::blocking_work::{in_background, in_background_of_low_priority};
use super::http::connections::Listener;
use super::http::request_parts::received_body;
use crate::control::{
    Access, Operation, OperationVisitor, RemoteError, STARTING_SUFFIX, decode, encode, socket_path, visit_operations,
};
use crate::files::beside;
use crate::store::COMMAND_LINE;

/// The application behind the socket: it has every operation of the list.
pub fn build(app: App) -> Server<App> {
    struct Routes(Server<App>);

    impl OperationVisitor for Routes {
        fn visit<O: Operation>(&mut self) {
            self.0.at(&format!("/control/{}", O::NAME)).post(run::<O>);
        }
    }

    let mut routes = Routes(tide::with_state(app));
    visit_operations(&mut routes);
    routes.0
}

async fn run<O: Operation>(request: Request<App>) -> tide::Result {
    let body = received_body(&request);
    let app = request.state().clone();
    let run = move || {
        let operation: O = decode(&body).map_err(|error| RemoteError::of(&error))?;
        app.run_operation(operation, COMMAND_LINE).map_err(|error| RemoteError::of(&error))
    };
    // those that may take long
    let answer = match O::ACCESS {
        Access::Create | Access::Replace => in_background_of_low_priority(run).await,
        _ => in_background(run).await,
    };
    Ok(respond(&answer.unwrap_or_else(|problem| Err(RemoteError::of(&io::Error::other(problem.detail))))))
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

/// The socket, which is removed with this value.
pub struct Socket {
    listener: UnixListener,
    path: PathBuf,
    owner: u32,
}

impl Socket {
    /// Listens for commands on the file at `database`. The process must be the file's owner: a socket that is there already was
    /// left by a server that died, and is replaced.
    ///
    /// # Errors
    /// What the system reports.
    pub fn bind(database: &Path) -> io::Result<Self> {
        let path = socket_path(database);
        let fresh = beside(&path, STARTING_SUFFIX);
        // left by a server that died while it started
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
        // one that stays has no owner, and the next server replaces it
        let _ = std::fs::remove_file(&self.path);
    }
}

impl Listener for Socket {
    type Accepted = UnixStream;
    type Stream = UnixStream;

    async fn begin(accepted: UnixStream) -> io::Result<UnixStream> {
        Ok(accepted)
    }

    async fn accept(&self) -> io::Result<(UnixStream, String)> {
        loop {
            let (stream, _) = self.listener.accept().await?;
            // besides the socket's permissions, which did not hold for a moment before they were set
            if stream.peer_cred()?.uid() == self.owner {
                return Ok((stream, "control".to_owned()));
            }
            tracing::warn!("a command of another user was turned away");
        }
    }
}
