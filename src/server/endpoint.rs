//! The declaration of an endpoint: method, path and handler. The routes and the `Allow` of a 405 follow from it; for endpoints
//! of the API also the documentation, from the attribute of the handler.

use std::collections::BTreeMap;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;

use tide::utils::async_trait;
use tide::{Request, Server};
use utoipa::openapi::HttpMethod;

use super::access::Caller;
use super::app::App;
use super::http::attachments::Route;
use super::http::problem::{Answer, Problem};
use super::http::request_parts::sent_method;
use crate::access::Role;

type BoxedAnswer = Pin<Box<dyn Future<Output = Answer> + Send>>;

/// A handler. If it returns a problem, the problem becomes the response.
#[derive(Clone)]
struct Handler(Arc<dyn Fn(Request<App>) -> BoxedAnswer + Send + Sync>);

#[async_trait]
impl tide::Endpoint<App> for Handler {
    async fn call(&self, request: Request<App>) -> tide::Result {
        Ok((self.0)(request).await.unwrap_or_else(Problem::into_response))
    }
}

/// The method of an endpoint.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Method {
    /// `GET`, and `HEAD` with it.
    Get,
    Post,
}

/// An endpoint.
pub struct Endpoint {
    method: Method,
    /// With parameters in braces: `/v1/models/{id}`.
    path: String,
    /// Who may use it; `None` for anybody.
    role: Option<Role>,
    /// Whether it changes nothing but the log, so that a replica answers it as well.
    is_for_replicas: bool,
    handler: Handler,
}

impl Endpoint {
    fn new<F: Future<Output = Answer> + Send + 'static>(
        method: Method,
        path: &str,
        handler: impl Fn(Request<App>) -> F + Send + Sync + 'static,
    ) -> Self {
        let handler = Handler(Arc::new(move |request| Box::pin(handler(request))));
        let is_for_replicas = method == Method::Get;
        Self { method, path: path.to_owned(), role: Some(Role::Manage), is_for_replicas, handler }
    }

    /// The endpoint for holders of a key of this role or a higher one; without this, it is for the highest.
    #[must_use]
    pub fn for_role(self, role: Role) -> Self {
        Self { role: Some(role), ..self }
    }

    /// The endpoint for replicas as well: what is sent to it changes nothing but the log. Without this, only what is read is.
    #[must_use]
    pub fn for_replicas(self) -> Self {
        Self { is_for_replicas: true, ..self }
    }

    /// The endpoint for anybody.
    #[must_use]
    pub fn for_anybody(self) -> Self {
        Self { role: None, ..self }
    }

    /// The handler, after a check of what the caller may do and what a replica does; its answers name the endpoint.
    fn guarded(self) -> Handler {
        let Self { handler, role, path, is_for_replicas, .. } = self;
        let route: Arc<str> = path.into();
        Handler(Arc::new(move |request| {
            let allowed = role.map_or(Ok(()), |role| Caller::of(&request).require(role));
            let allowed =
                allowed.and_then(|()| if is_for_replicas { Ok(()) } else { request.state().require_own_file() });
            let answer = allowed.map(|()| (handler.0)(request));
            let route = Route(route.clone());
            Box::pin(async move {
                let answered = match answer {
                    Ok(answer) => answer.await,
                    Err(problem) => Err(problem),
                };
                let mut response = answered.unwrap_or_else(Problem::into_response);
                response.insert_ext(route);
                Ok(response)
            })
        }))
    }

    /// An endpoint that is read.
    pub fn get<F: Future<Output = Answer> + Send + 'static>(
        path: &str,
        handler: impl Fn(Request<App>) -> F + Send + Sync + 'static,
    ) -> Self {
        Self::new(Method::Get, path, handler)
    }

    /// An endpoint that something is sent to.
    pub fn post<F: Future<Output = Answer> + Send + 'static>(
        path: &str,
        handler: impl Fn(Request<App>) -> F + Send + Sync + 'static,
    ) -> Self {
        Self::new(Method::Post, path, handler)
    }

    /// An endpoint of the API, whose method and path are those of its documentation `D`.
    pub fn documented<D: utoipa::Path, F: Future<Output = Answer> + Send + 'static>(
        handler: impl Fn(Request<App>) -> F + Send + Sync + 'static,
    ) -> Self {
        let method = if D::methods().contains(&HttpMethod::Post) { Method::Post } else { Method::Get };
        Self::new(method, &D::path(), handler)
    }
}

/// Adds `endpoints` to `server`, and to each path an answer for all other methods.
pub fn add_endpoints(server: &mut Server<App>, endpoints: Vec<Endpoint>) {
    let mut by_path = BTreeMap::<String, Vec<Endpoint>>::new();
    for endpoint in endpoints {
        by_path.entry(endpoint.path.clone()).or_default().push(endpoint);
    }
    for (path, endpoints) in by_path {
        let mut route = server.at(&path.replace('{', ":").replace('}', ""));
        let mut allowed = Vec::new();
        for endpoint in endpoints {
            let method = endpoint.method;
            let handler = endpoint.guarded();
            match method {
                Method::Get => {
                    route.get(handler.clone()).head(handler);
                    allowed.extend(["GET", "HEAD"]);
                }
                Method::Post => {
                    route.post(handler);
                    allowed.push("POST");
                }
            }
        }
        allowed.sort_unstable();
        route.all(not_allowed(allowed.join(", ")));
    }
}

/// Answers methods that a path does not have.
fn not_allowed(allow: String) -> Handler {
    Handler(Arc::new(move |request| {
        let detail = format!("{} has no {}: use {allow}", request.url().path(), sent_method(&request));
        let problem = Problem { allow: Some(allow.clone()), ..Problem::new(405, detail) };
        Box::pin(async move { Err(problem) })
    }))
}
