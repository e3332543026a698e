//! The files that pages load. Their addresses have a hash of their content, so that browsers keep them for good.

use std::sync::LazyLock;

use data_encoding::HEXLOWER;
use sha2::{Digest, Sha256};
use tide::http::{Mime, mime};
use tide::{Request, Response, StatusCode};

use crate::server::app::App;
use crate::server::http::problem::Answer;
use crate::server::http::request_parts::has_already;

/// How long browsers may keep a file at an address with its hash.
pub const FOR_GOOD: &str = "max-age=31536000, immutable";
/// How long they may keep one at an address without.
pub const ASK_AGAIN: &str = "max-age=300";
/// Bytes of the hash in an address.
const HASH_BYTES: usize = 8;

/// A file.
struct Asset {
    content: &'static str,
    hash: String,
}

impl Asset {
    fn new(content: &'static str) -> Self {
        Self { content, hash: HEXLOWER.encode(&Sha256::digest(content)[..HASH_BYTES]) }
    }

    /// The file; 304 if the client has it.
    fn respond(&self, request: &Request<App>, media_type: Mime) -> Response {
        let tag = format!("\"{}\"", self.hash);
        let has_it = has_already(request, &tag);
        let is_of_this = request.url().query() == Some(self.hash.as_str());
        let builder = Response::builder(if has_it { StatusCode::NotModified } else { StatusCode::Ok })
            .header("Cache-Control", if is_of_this { FOR_GOOD } else { ASK_AGAIN })
            .header("ETag", tag);
        if has_it { builder.build() } else { builder.body(self.content).content_type(media_type).build() }
    }
}

static STYLE: LazyLock<Asset> = LazyLock::new(|| Asset::new(include_str!("../../../templates/style.css")));
static SCRIPT: LazyLock<Asset> = LazyLock::new(|| Asset::new(include_str!("../../../templates/script.js")));
static ICON: LazyLock<Asset> = LazyLock::new(|| Asset::new(include_str!("../../../templates/icon.svg")));

/// The address of the style.
pub fn style_address() -> String {
    format!("/style.css?{}", STYLE.hash)
}

/// The address of the script.
pub fn script_address() -> String {
    format!("/script.js?{}", SCRIPT.hash)
}

/// The address of the icon.
pub fn icon_address() -> String {
    format!("/icon.svg?{}", ICON.hash)
}

/// `GET /style.css`.
pub async fn style(request: Request<App>) -> Answer {
    Ok(STYLE.respond(&request, mime::CSS))
}

/// `GET /script.js`.
pub async fn script(request: Request<App>) -> Answer {
    Ok(SCRIPT.respond(&request, mime::JAVASCRIPT))
}

/// `GET /icon.svg`.
pub async fn icon(request: Request<App>) -> Answer {
    Ok(ICON.respond(&request, mime::SVG))
}
