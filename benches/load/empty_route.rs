//! An empty route of tide, carried by hyper as the program carries its own: what there is to reach for the program.

use std::convert::Infallible;
use std::io::Write;
use std::sync::Arc;

use http_body_util::{BodyExt, Full};
use hyper::body::Bytes;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use tide::http::{Method, Request, Response};
use tokio::net::TcpListener;

fn main() -> std::io::Result<()> {
    tokio::runtime::Builder::new_multi_thread().enable_all().build()?.block_on(serve())
}

async fn serve() -> std::io::Result<()> {
    let mut application = tide::new();
    application.at("/").post(|_| async { Ok("") });
    let application = Arc::new(application);
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    writeln!(std::io::stdout(), "listening on http://{}", listener.local_addr()?)?;
    loop {
        let (stream, _) = listener.accept().await?;
        stream.set_nodelay(true)?;
        let application = application.clone();
        let service = service_fn(move |request| answer(application.clone(), request));
        tokio::spawn(http1::Builder::new().serve_connection(TokioIo::new(stream), service));
    }
}

async fn answer(
    application: Arc<tide::Server<()>>,
    request: hyper::Request<hyper::body::Incoming>,
) -> Result<hyper::Response<Full<Bytes>>, Infallible> {
    let body = request.into_body().collect().await.map(http_body_util::Collected::to_bytes).unwrap_or_default();
    let mut inner = Request::new(Method::Post, "http://diamonds/");
    inner.set_body(body.as_ref());
    let answered: Result<Response, _> = application.respond(inner).await;
    let status = answered.map_or(500, |response| u16::from(response.status()));
    let mut response = hyper::Response::new(Full::default());
    *response.status_mut() = hyper::StatusCode::from_u16(status).unwrap_or_default();
    Ok(response)
}
