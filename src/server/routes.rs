//! The whole application: every endpoint of the API and every page.

use tide::Server;

use super::app::App;
use super::endpoint::add_endpoints;
use super::http::recorder::Recorder;
use super::{api, pages};

/// The whole application, ready to respond.
pub fn build(app: App) -> Server<App> {
    let mut server = tide::with_state(app);
    server.with(Recorder);
    let mut endpoints = api::endpoints();
    endpoints.extend(pages::endpoints());
    add_endpoints(&mut server, endpoints);
    server
}
