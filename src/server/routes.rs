//! Which path leads where.

use tide::{Endpoint, Request, Server};

use super::api::{health, models, openapi, outcomes, predictions, requests, similar};
use super::app::App;
use super::http::problem::Problem;
use super::http::recorder::Recorder;
use super::http::request_parts::sent_method;
use super::pages;

/// The whole application, ready to respond.
#[must_use]
pub fn build(app: App) -> Server<App> {
    let mut server = tide::with_state(app);
    server.with(Recorder);
    get(&mut server, "/", pages::price::show);
    get(&mut server, "/predictions/:id", pages::quote::show);
    get(&mut server, "/requests", pages::requests::list);
    get(&mut server, "/requests.csv", pages::requests::export);
    get(&mut server, "/requests/:id", pages::requests::show);
    get(&mut server, "/style.css", pages::style);
    get(&mut server, "/script.js", pages::script);
    get(&mut server, "/models", pages::models::list);
    get(&mut server, "/models/compare", pages::models::compare);
    get(&mut server, "/models/:id", pages::models::show);
    server.at("/models/:id/promote").post(pages::models::promote).all(only("POST"));
    server.at("/models/rollback").post(pages::models::roll_back).all(only("POST"));
    get(&mut server, "/docs", pages::docs::show);
    get(&mut server, "/openapi.json", openapi::show);
    get(&mut server, "/health", health::show);
    server.at("/v1/predictions").post(predictions::create).all(only("POST"));
    get(&mut server, "/v1/predictions/:id", predictions::show);
    get(&mut server, "/v1/predictions/:id/steps", predictions::steps);
    server.at("/v1/predictions/:id/outcome").post(outcomes::record).all(only("POST"));
    server
        .at("/v1/similar")
        .get(similar::find_by_query)
        .head(similar::find_by_query)
        .post(similar::find_by_body)
        .all(only("GET, HEAD, POST"));
    get(&mut server, "/v1/models", models::list);
    get(&mut server, "/v1/models/:id", models::show);
    get(&mut server, requests::PATH, requests::list);
    server
}

/// A path that can only be read.
fn get(server: &mut Server<App>, path: &str, endpoint: impl Endpoint<App> + Copy) {
    server.at(path).get(endpoint).head(endpoint).all(only("GET, HEAD"));
}

/// What answers when a path is asked with a method that it does not have.
fn only(allow: &'static str) -> impl Endpoint<App> {
    move |request: Request<App>| async move {
        let mut problem =
            Problem::new(405, format!("{} has no {}: use {allow}", request.url().path(), sent_method(&request)));
        problem.allow = Some(allow);
        Ok(problem.into_response())
    }
}
