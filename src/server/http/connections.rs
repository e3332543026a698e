//! Passes HTTP between sockets (hyper on tokio) and the application (tide), and enforces limits.
//!
//! tide's own listener cannot turn off Nagle's algorithm, has no time limits and cannot stop gracefully; hyper can do
//! all three.

use std::convert::Infallible;
use std::future::Future;
use std::io;
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;

use http_body_util::BodyExt;
use hyper::body::{Body, Bytes, Incoming};
use hyper::header::TRANSFER_ENCODING;
use hyper::http::HeaderMap;
use hyper::http::request::Parts;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::server::graceful::{GracefulShutdown, Watcher};
use ipnet::IpNet;
use tide::http::{self as tide_http, Method, Url};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::timeout;
use tokio_io_timeout::TimeoutStream;
use tokio_util::sync::CancellationToken;

use super::attachments::{ReceivedBody, Refusal, SentMethod};
use super::client_limits::{ClientLimits, Usage};
use super::hosts::KnownHosts;
use super::limits::{
    ACCEPT_PAUSE, BODY_TIMEOUT, DISCARD_TIMEOUT, HEAD_TIMEOUT, HELD_AT_A_TIME, Limits, MAX_DISCARDED_BYTES,
    MAX_HEAD_BYTES, MAX_HEAD_FIELDS, READ_HEAD_TIMES, STOP_TIMEOUT, WRITE_TIMEOUT,
};
use super::long_bodies::{UnreadBody, may_be_long};
use super::problem::Problem;
use super::sent_body::{BodyInPieces, SentBody};
use crate::server::app::App;

/// Pieces of a body that are shorter are put together.
const SMALL_PIECE: usize = 4 * 1024;
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

/// Completes when the process gets SIGHUP, which asks a service to read its files again; on other systems than Unix never.
pub async fn reload_signal() {
    #[cfg(unix)]
    if let Ok(mut hang_up) = tokio::signal::unix::signal(tokio::signal::unix::SignalKind::hangup()) {
        hang_up.recv().await;
        return;
    }
    std::future::pending::<()>().await;
}

/// A source of connections.
pub trait Listener: Send + Sync + 'static {
    /// A connection that has just come.
    type Accepted: Send + 'static;
    /// A connection over which requests come.
    type Stream: AsyncRead + AsyncWrite + Send + 'static;

    /// The next connection, and the address of the client.
    fn accept(&self) -> impl Future<Output = io::Result<(Self::Accepted, String)>> + Send;

    /// Begins with a connection: others do not wait for this.
    fn begin(accepted: Self::Accepted) -> impl Future<Output = io::Result<Self::Stream>> + Send;
}

impl Listener for TcpListener {
    type Accepted = TcpStream;
    type Stream = TcpStream;

    async fn begin(accepted: TcpStream) -> io::Result<TcpStream> {
        Ok(accepted)
    }

    async fn accept(&self) -> io::Result<(TcpStream, String)> {
        let (stream, peer) = Self::accept(self).await?;
        // small answers must not wait for further data
        stream.set_nodelay(true)?;
        Ok((stream, peer.to_string()))
    }
}

/// The rules for clients over the network.
#[derive(Debug)]
pub struct PublicRules {
    /// The names by which the server may be called.
    pub hosts: KnownHosts,
    /// How much one client may have under way.
    pub clients: Arc<ClientLimits>,
    /// Proxies whose word on the address of a client counts.
    pub trusted_proxies: Vec<IpNet>,
}

impl PublicRules {
    /// Counts a connection of `peer` until the value goes. A trusted proxy brings many clients: its connections are not limited.
    fn begin_connection(&self, peer: &str) -> Result<Option<Usage>, Problem> {
        match peer.parse::<SocketAddr>() {
            Ok(address) if is_trusted(&address.ip(), &self.trusted_proxies) => Ok(None),
            _ => self.clients.begin_connection(peer),
        }
    }
}

/// The rules for the requests of one listener.
#[derive(Clone)]
struct Rules {
    max_body_bytes: usize,
    public: Option<Arc<PublicRules>>,
}

/// Serves the connections of `listener` until `stop` is cancelled, then finishes the requests in progress. Clients over the network
/// are bound by the `public` rules.
pub async fn serve_connections<L: Listener>(
    listener: L,
    application: Arc<tide::Server<App>>,
    limits: Limits,
    public: Option<PublicRules>,
    stop: CancellationToken,
) {
    let rules = Rules { max_body_bytes: limits.body_bytes, public: public.map(Arc::new) };
    let places = Arc::new(Semaphore::new(limits.connections));
    let connections = GracefulShutdown::new();
    loop {
        let accepted = tokio::select! {
            accepted = accept(&listener, &places) => accepted,
            () = stop.cancelled() => break,
        };
        match accepted {
            Ok((accepted, peer, place)) => {
                let usage = rules.public.as_ref().map(|public| public.begin_connection(&peer)).transpose();
                let watcher = connections.watcher();
                let (application, rules) = (application.clone(), rules.clone());
                tokio::spawn(async move {
                    match usage {
                        Ok(usage) => {
                            match L::begin(accepted).await {
                                Ok(stream) => serve_connection(stream, peer, application, rules, watcher).await,
                                Err(error) => tracing::debug!("{peer}: {error}"),
                            }
                            drop(usage);
                        }
                        // the connection is closed
                        Err(problem) => tracing::debug!("{peer}: {}", problem.detail),
                    }
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
) -> io::Result<(L::Accepted, String, OwnedSemaphorePermit)> {
    let place = places.clone().acquire_owned().await.map_err(io::Error::other)?;
    let (accepted, peer) = listener.accept().await?;
    Ok((accepted, peer, place))
}

async fn serve_connection<S: AsyncRead + AsyncWrite + Send + 'static>(
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
    let mut stream = TimeoutStream::new(stream);
    // a client that does not read its answer must not keep it in memory
    stream.set_write_timeout(Some(WRITE_TIMEOUT));
    let connection = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(HEAD_TIMEOUT)
        .max_buf_size(READ_HEAD_TIMES * MAX_HEAD_BYTES)
        .max_headers(READ_HEAD_TIMES * MAX_HEAD_FIELDS)
        // a client may close its sending side and still wait for the answer
        .half_close(true)
        .serve_connection(TokioIo::new(Box::pin(stream)), service);
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
) -> hyper::Response<SentBody> {
    let (head, body) = request.into_parts();
    let method_text = head.method.as_str().to_owned();
    let mut refused = None;
    // methods are case-sensitive (RFC 9110, 9.1)
    let known = if method_text.bytes().any(|byte| byte.is_ascii_lowercase()) { None } else { method_text.parse().ok() };
    let method = known.unwrap_or_else(|| {
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
    let public = rules.public.as_deref();
    let forwarded = public.and_then(|public| forwarded_client(&head.headers, client, &public.trusted_proxies));
    let client = forwarded.as_deref().unwrap_or(client);
    inner.set_peer_addr(Some(client));
    for (name, value) in &head.headers {
        if let Ok(text) = value.to_str() {
            inner.append_header(name.as_str(), text);
        }
    }
    if let Some(problem) = refuse_head(&head)
        .or_else(|| refuse_ambiguous(&head))
        .or_else(|| public.and_then(|public| public.hosts.refuse(&head)))
    {
        refused = Some(problem);
    }
    let mut unread = None;
    if refused.is_none() && public.is_some() && may_be_long(&head) {
        let body = UnreadBody::new(body);
        inner.ext_mut().insert(body.clone());
        unread = Some(body);
    } else {
        let hold = |bytes| public.map(|public| public.clients.hold_body(client, bytes)).transpose();
        match read_body(body, rules.max_body_bytes, hold).await {
            Ok(bytes) => {
                inner.ext_mut().insert(ReceivedBody(bytes));
            }
            Err(problem) => refused = Some(problem),
        }
    }
    if let Some(problem) = refused {
        inner.ext_mut().insert(Refusal { method: method_text, problem });
    }
    let answered = application.respond::<_, tide_http::Response>(inner).await;
    if let Some(mut body) = unread.and_then(|unread| unread.take()) {
        discard_some(&mut body).await;
    }
    match answered {
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

/// Refuses what a proxy in between may understand in another way: paths that can be written shorter, and codings of the body other
/// than in chunks (RFC 9112, 6.1).
fn refuse_ambiguous(head: &Parts) -> Option<Problem> {
    let path = head.uri.path();
    let plain = path.to_ascii_lowercase();
    let is_odd =
        plain.contains("//") || plain.contains('\\') || ["%2e", "%2f", "%5c"].iter().any(|part| plain.contains(part));
    if is_odd || plain.split('/').any(|segment| matches!(segment, "." | "..")) {
        return Some(Problem::new(
            400,
            "the path has //, a backslash, or dots or slashes in disguise: write it as it is documented",
        ));
    }
    let codings = head.headers.get_all(TRANSFER_ENCODING);
    let is_chunked = codings.iter().all(|coding| coding.as_bytes().eq_ignore_ascii_case(b"chunked"));
    (!is_chunked)
        .then(|| Problem::new(501, "a body may be sent in chunks, in no other coding: leave Transfer-Encoding out"))
}

/// The client that a trusted proxy names: the last address in `X-Forwarded-For` that is not itself one of a trusted proxy. `None` if
/// `peer` is not trusted, or names none.
fn forwarded_client(headers: &HeaderMap, peer: &str, trusted: &[IpNet]) -> Option<String> {
    if !is_trusted(&peer.parse::<SocketAddr>().ok()?.ip(), trusted) {
        return None;
    }
    let named: Vec<&str> = headers
        .get_all("x-forwarded-for")
        .iter()
        .flat_map(|value| value.to_str().unwrap_or_default().split(','))
        .collect();
    // from the last on: each proxy appends, and what stands before its own entry may be made up by the client
    let addresses = named.iter().rev().map_while(|address| address.trim().parse::<IpAddr>().ok());
    addresses.into_iter().find(|address| !is_trusted(address, trusted)).map(|address| address.to_string())
}

fn is_trusted(address: &IpAddr, proxies: &[IpNet]) -> bool {
    proxies.iter().any(|network| network.contains(address))
}

/// Reads a body. `hold` counts what is held of it in memory, unless it comes at once.
async fn read_body<H>(
    mut body: Incoming,
    max_bytes: usize,
    hold: impl Fn(usize) -> Result<H, Problem>,
) -> Result<Bytes, Problem> {
    // the announced length is too large: nothing of the body is kept
    let is_announced_too_large = body.size_hint().lower() > max_bytes as u64;
    if !is_announced_too_large {
        match timeout(BODY_TIMEOUT, collect(&mut body, max_bytes, hold)).await {
            Ok(Ok(Some(collected))) => return Ok(collected),
            Ok(Ok(None)) => {}
            Ok(Err(problem)) => return Err(problem),
            Err(_) => {
                let detail = format!("the body took longer than {} s", BODY_TIMEOUT.as_secs());
                return Err(Problem::new(408, detail));
            }
        }
    }
    discard_some(&mut body).await;
    Err(Problem::new(413, format!("the body is larger than {max_bytes} bytes: send fewer stones at once")))
}

/// Reads some of a body that is not wanted: a client that reads only after it has sent everything must be able to finish, or it never
/// gets the answer.
async fn discard_some(body: &mut Incoming) {
    // whether it finishes makes no difference here
    let _ = timeout(DISCARD_TIMEOUT, discard(body, MAX_DISCARDED_BYTES)).await;
}

/// The whole body; `None` if it is longer than `max_bytes`.
async fn collect<H>(
    body: &mut Incoming,
    max_bytes: usize,
    hold: impl Fn(usize) -> Result<H, Problem>,
) -> Result<Option<Bytes>, Problem> {
    // large pieces stay as they came, because what is copied would be held twice; each small one would hold a whole buffer
    let mut pieces: Vec<Bytes> = Vec::new();
    let mut small: Vec<u8> = Vec::new();
    let mut length = 0;
    let mut counted = Vec::new();
    while let Some(frame) = body.frame().await {
        let frame = frame.map_err(|error| Problem::new(400, format!("the body broke off: {error}")))?;
        let Ok(data) = frame.into_data() else { continue };
        if length + data.len() > max_bytes {
            return Ok(None);
        }
        if length == 0 && body.is_end_stream() {
            return Ok(Some(data));
        }
        length += data.len();
        if data.len() < SMALL_PIECE {
            small.extend_from_slice(&data);
        } else {
            pieces.extend([std::mem::take(&mut small).into(), data]);
        }
        while counted.len() * HELD_AT_A_TIME < length {
            counted.push(hold(HELD_AT_A_TIME)?);
        }
    }
    if pieces.is_empty() {
        return Ok(Some(small.into()));
    }
    pieces.push(small.into());
    Ok(Some(pieces.concat().into()))
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

async fn to_hyper(mut response: tide_http::Response) -> hyper::Response<SentBody> {
    let status = hyper::StatusCode::from_u16(response.status().into()).unwrap_or(hyper::StatusCode::OK);
    let mut builder = hyper::Response::builder().status(status);
    for (name, values) in &response {
        for value in values {
            builder = builder.header(name.as_str(), value.as_str());
        }
    }
    let body = match response.ext().get::<BodyInPieces>().and_then(BodyInPieces::take) {
        Some(pieces) => pieces,
        None => Bytes::from(response.take_body().into_bytes().await.unwrap_or_default()).into(),
    };
    builder.body(body).unwrap_or_else(|error| {
        tracing::error!("a response has a bad header: {error}");
        bare(hyper::StatusCode::INTERNAL_SERVER_ERROR)
    })
}

fn bare(status: hyper::StatusCode) -> hyper::Response<SentBody> {
    let mut response = hyper::Response::new(Bytes::new().into());
    *response.status_mut() = status;
    response
}

/// A placeholder for a client address that cannot be read.
#[expect(clippy::expect_used, reason = "a constant that parses")]
fn root() -> Url {
    Url::parse("http://diamonds/").expect("a constant address")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_client_is_the_last_address_that_is_not_of_a_proxy_whatever_stands_before() {
        let trusted = ["127.0.0.0/8".parse().expect("a network")];
        let client = |peer, values: &[&'static str]| {
            let headers = values
                .iter()
                .map(|value| ("x-forwarded-for".parse().expect("a name"), value.parse().expect("a value")));
            forwarded_client(&headers.collect(), peer, &trusted)
        };
        for values in [
            &["198.51.100.1"][..],
            &["203.0.113.7, 198.51.100.1"],
            &["nonsense, 198.51.100.1, 127.0.0.9"],
            &["nonsense", "198.51.100.1"],
        ] {
            assert_eq!(client("127.0.0.1:5000", values).as_deref(), Some("198.51.100.1"), "{values:?}");
        }
        assert_eq!(client("127.0.0.1:5000", &["198.51.100.1, nonsense"]), None);
        assert_eq!(client("10.0.0.1:5000", &["198.51.100.1"]), None, "not a proxy that is trusted");
    }
}
