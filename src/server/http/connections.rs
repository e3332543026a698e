//! Passes HTTP between sockets (hyper on tokio) and the application (tide), and enforces limits.
//!
//! tide's own listener cannot turn off Nagle's algorithm, has no time limits and cannot stop gracefully; hyper can do
//! all three.

use std::convert::Infallible;
use std::future::Future;
use std::io;
use std::sync::Arc;

use http_body_util::{BodyExt, Full, LengthLimitError, Limited};
use hyper::body::{Body, Bytes, Incoming};
use hyper::http::request::Parts;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::server::graceful::{GracefulShutdown, Watcher};
use tide::http::{self as tide_http, Method, Url};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::timeout;
use tokio_util::sync::CancellationToken;

use super::attachments::{ReceivedBody, Refusal, SentMethod};
use super::hosts::KnownHosts;
use super::limits::{
    ACCEPT_PAUSE, BODY_TIMEOUT, DISCARD_TIMEOUT, HEAD_TIMEOUT, Limits, MAX_DISCARDED_BYTES, MAX_HEAD_BYTES,
    MAX_HEAD_FIELDS, READ_HEAD_TIMES, STOP_TIMEOUT,
};
use super::problem::Problem;
use crate::server::app::App;

/// An HTTP method (RFC 10008) that tide does not know.
const QUERY: &str = "QUERY";
/// Completes when the process gets a signal to stop: Ctrl-C or, on Unix, SIGTERM.
pub fn stop_signal() -> io::Result<impl Future<Output = ()>> {
    #[cfg(unix)]
    let mut terminate = tokio::signal::unix::signal(tokio::signal::unix::SignalKind::terminate())?;
    Ok(async move {
        let interrupt = tokio::signal::ctrl_c();
        #[cfg(unix)]
        tokio::select! {
            _ = interrupt => {}
            _ = terminate.recv() => {}
        }
        #[cfg(not(unix))]
        let _ = interrupt.await;
    })
}

/// A source of connections.
pub trait Listener: Send + Sync + 'static {
    /// One connection.
    type Stream: AsyncRead + AsyncWrite + Unpin + Send + 'static;

    /// The next connection, and the address of the client.
    fn accept(&self) -> impl Future<Output = io::Result<(Self::Stream, String)>> + Send;
}

impl Listener for TcpListener {
    type Stream = TcpStream;

    async fn accept(&self) -> io::Result<(TcpStream, String)> {
        let (stream, peer) = Self::accept(self).await?;
        // small answers must not wait for further data
        stream.set_nodelay(true)?;
        Ok((stream, peer.to_string()))
    }
}

/// The rules for the requests of one listener.
#[derive(Clone)]
struct Rules {
    max_body_bytes: usize,
    hosts: Arc<Option<KnownHosts>>,
}

/// Serves the connections of `listener` until `stop` is cancelled, then finishes the requests in progress. Requests for others than
/// `hosts` are refused; `None` takes any.
pub async fn serve_connections<L: Listener>(
    listener: L,
    application: Arc<tide::Server<App>>,
    limits: Limits,
    hosts: Option<KnownHosts>,
    stop: CancellationToken,
) {
    let hosts = Arc::new(hosts);
    let places = Arc::new(Semaphore::new(limits.connections));
    let connections = GracefulShutdown::new();
    loop {
        let accepted = tokio::select! {
            accepted = accept(&listener, &places) => accepted,
            () = stop.cancelled() => break,
        };
        match accepted {
            Ok((stream, peer, place)) => {
                let watcher = connections.watcher();
                let rules = Rules { max_body_bytes: limits.body_bytes, hosts: hosts.clone() };
                let connection = serve_connection(stream, peer, application.clone(), rules, watcher);
                tokio::spawn(async move {
                    connection.await;
                    drop(place);
                });
            }
            Err(error) => {
                tracing::warn!("cannot accept a connection: {error}");
                tokio::time::sleep(ACCEPT_PAUSE).await;
            }
        }
    }
    drop(listener);
    let under_way = connections.count();
    if timeout(STOP_TIMEOUT, connections.shutdown()).await.is_err() {
        tracing::warn!("some of {under_way} connections did not finish in time");
    }
}

/// Waits until there is a permit, then for the next connection.
async fn accept<L: Listener>(
    listener: &L,
    places: &Arc<Semaphore>,
) -> io::Result<(L::Stream, String, OwnedSemaphorePermit)> {
    let place = places.clone().acquire_owned().await.map_err(io::Error::other)?;
    let (stream, peer) = listener.accept().await?;
    Ok((stream, peer, place))
}

async fn serve_connection<S: AsyncRead + AsyncWrite + Unpin + Send + 'static>(
    stream: S,
    peer: String,
    application: Arc<tide::Server<App>>,
    rules: Rules,
    watcher: Watcher,
) {
    let client = peer.clone();
    let service = service_fn(move |request| {
        let application = application.clone();
        let client = client.clone();
        let rules = rules.clone();
        // in a task of its own: the request is answered and logged even if the client hangs up
        let answered = tokio::spawn(async move { answer(&application, request, &client, &rules).await });
        async move {
            Ok::<_, Infallible>(answered.await.unwrap_or_else(|error| {
                tracing::error!("a request failed: {error}");
                bare(hyper::StatusCode::INTERNAL_SERVER_ERROR)
            }))
        }
    });
    let connection = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(HEAD_TIMEOUT)
        .max_buf_size(READ_HEAD_TIMES * MAX_HEAD_BYTES)
        .max_headers(READ_HEAD_TIMES * MAX_HEAD_FIELDS)
        // a client may close its sending side and still wait for the answer
        .half_close(true)
        .serve_connection(TokioIo::new(stream), service);
    if let Err(error) = watcher.watch(connection).await {
        tracing::debug!("{peer}: {error}");
    }
}

/// Passes one request through the application.
async fn answer(
    application: &tide::Server<App>,
    request: hyper::Request<Incoming>,
    client: &str,
    rules: &Rules,
) -> hyper::Response<Full<Bytes>> {
    let (head, body) = request.into_parts();
    let method_text = head.method.as_str().to_owned();
    let mut refused = None;
    let method = method_text.parse().unwrap_or_else(|_| {
        if method_text == QUERY {
            // the router answers it as any method that a path does not have
            return Method::Trace;
        }
        refused = Some(Problem::new(501, format!("there is no method {method_text} here")));
        Method::Trace
    });
    let target = head.uri.path_and_query().map_or("/", hyper::http::uri::PathAndQuery::as_str);
    let url = Url::parse(&format!("http://diamonds{target}")).unwrap_or_else(|error| {
        refused = Some(Problem::new(400, format!("the address {target:?} cannot be read: {error}")));
        root()
    });
    let mut inner = tide_http::Request::new(method, url);
    if method_text == QUERY {
        inner.ext_mut().insert(SentMethod(QUERY));
    }
    inner.set_peer_addr(Some(client));
    for (name, value) in &head.headers {
        if let Ok(text) = value.to_str() {
            inner.append_header(name.as_str(), text);
        }
    }
    if let Some(problem) =
        refuse_head(&head).or_else(|| rules.hosts.as_ref().as_ref().and_then(|hosts| hosts.refuse(&head)))
    {
        refused = Some(problem);
    }
    match read_body(body, rules.max_body_bytes).await {
        Ok(bytes) => {
            inner.ext_mut().insert(ReceivedBody(bytes));
        }
        Err(problem) => refused = Some(problem),
    }
    if let Some(problem) = refused {
        inner.ext_mut().insert(Refusal { method: method_text, problem });
    }
    match application.respond::<_, tide_http::Response>(inner).await {
        Ok(response) => to_hyper(response).await,
        Err(error) => {
            tracing::error!("the application failed: {error}");
            bare(hyper::StatusCode::INTERNAL_SERVER_ERROR)
        }
    }
}

/// Refuses a request whose address and headers are too large.
fn refuse_head(head: &Parts) -> Option<Problem> {
    let target = head.uri.path_and_query().map_or(0, |target| target.as_str().len());
    let fields: usize = head.headers.iter().map(|(name, value)| name.as_str().len() + value.len()).sum();
    let detail = if target + fields > MAX_HEAD_BYTES {
        format!("address and headers are longer than {MAX_HEAD_BYTES} bytes in all")
    } else if head.headers.len() > MAX_HEAD_FIELDS {
        format!("there are more than {MAX_HEAD_FIELDS} headers")
    } else {
        return None;
    };
    Some(Problem::new(431, format!("{detail}: send fewer or shorter ones")))
}

async fn read_body(mut body: Incoming, max_bytes: usize) -> Result<Bytes, Problem> {
    // the announced length is too large: nothing of the body is kept
    let is_announced_too_large = body.size_hint().lower() > max_bytes as u64;
    if !is_announced_too_large {
        match timeout(BODY_TIMEOUT, Limited::new(&mut body, max_bytes).collect()).await {
            Ok(Ok(collected)) => return Ok(collected.to_bytes()),
            Ok(Err(error)) if error.is::<LengthLimitError>() => {}
            Ok(Err(error)) => return Err(Problem::new(400, format!("the body broke off: {error}"))),
            Err(_) => {
                let detail = format!("the body took longer than {} s", BODY_TIMEOUT.as_secs());
                return Err(Problem::new(408, detail));
            }
        }
    }
    // a client that reads only after it has sent everything must be able to finish, or it never gets the answer; whether it
    // does makes no difference here
    let _ = timeout(DISCARD_TIMEOUT, discard(&mut body, MAX_DISCARDED_BYTES)).await;
    Err(Problem::new(413, format!("the body is larger than {max_bytes} bytes: send fewer stones at once")))
}

/// Reads and discards the body until it ends or `max_bytes` have been read.
async fn discard(body: &mut Incoming, max_bytes: usize) {
    let mut discarded = 0;
    while let Some(Ok(frame)) = body.frame().await {
        discarded += frame.data_ref().map_or(0, Bytes::len);
        if discarded > max_bytes {
            return;
        }
    }
}

async fn to_hyper(mut response: tide_http::Response) -> hyper::Response<Full<Bytes>> {
    let status = hyper::StatusCode::from_u16(response.status().into()).unwrap_or(hyper::StatusCode::OK);
    let mut builder = hyper::Response::builder().status(status);
    for (name, values) in &response {
        for value in values {
            builder = builder.header(name.as_str(), value.as_str());
        }
    }
    let body = response.take_body().into_bytes().await.unwrap_or_default();
    builder.body(Full::new(Bytes::from(body))).unwrap_or_else(|error| {
        tracing::error!("a response has a bad header: {error}");
        bare(hyper::StatusCode::INTERNAL_SERVER_ERROR)
    })
}

fn bare(status: hyper::StatusCode) -> hyper::Response<Full<Bytes>> {
    let mut response = hyper::Response::new(Full::default());
    *response.status_mut() = status;
    response
}

/// A placeholder for a client address that cannot be read.
#[expect(clippy::expect_used, reason = "a constant that parses")]
fn root() -> Url {
    Url::parse("http://diamonds/").expect("a constant address")
}
