//! Forms with files, as browsers send them (`multipart/form-data`, RFC 7578).

use std::convert::Infallible;

use futures_util::stream;
use hyper::body::Bytes;
use multer::{Multipart, parse_boundary};
use tide::Request;

use super::problem::Problem;
use super::request_parts::{form_pairs, last_text, received_body};
use crate::server::app::App;

/// A form that was sent.
#[derive(Debug, Default)]
pub struct SentForm {
    /// Name and text of each field, in order.
    pub fields: Vec<(String, String)>,
    /// The files that were chosen.
    pub files: Vec<SentFile>,
}

/// A file of a form.
#[derive(Debug)]
pub struct SentFile {
    /// Its name on the sender's machine, without folders.
    pub name: String,
    /// Its content.
    pub content: Bytes,
}

impl SentForm {
    /// Reads the form in the body of `request`, with files or without.
    ///
    /// # Errors
    /// 400 if it is cut or malformed, 415 if the body is said to be anything else.
    pub async fn read(request: &Request<App>) -> Result<Self, Problem> {
        let said = request.header("Content-Type").map_or("", |values| values.last().as_str());
        match parse_boundary(said) {
            Ok(boundary) => Self::read_parts(received_body(request), boundary).await,
            Err(_) => Ok(Self { fields: form_pairs(request)?, files: Vec::new() }),
        }
    }

    async fn read_parts(body: Bytes, boundary: String) -> Result<Self, Problem> {
        let malformed = |error: multer::Error| Problem::new(400, format!("the form is malformed: {error}"));
        let mut parts = Multipart::new(stream::iter([Ok::<_, Infallible>(body)]), boundary);
        let mut form = Self::default();
        while let Some(part) = parts.next_field().await.map_err(malformed)? {
            let name = part.name().unwrap_or_default().to_owned();
            match part.file_name().map(plain_file_name) {
                Some(file_name) => {
                    let content = part.bytes().await.map_err(malformed)?;
                    // a field for a file that was left empty
                    if !(file_name.is_empty() && content.is_empty()) {
                        form.files.push(SentFile { name: file_name, content });
                    }
                }
                None => form.fields.push((name, part.text().await.map_err(malformed)?)),
            }
        }
        Ok(form)
    }

    /// The text of the last field of that name, without space around it; empty if there is none.
    pub fn text(&self, name: &str) -> &str {
        last_text(&self.fields, name)
    }
}

/// The name of a file without the folders that some browsers send.
pub fn plain_file_name(path: &str) -> String {
    path.rsplit(['/', '\\']).next().unwrap_or_default().to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn fields_and_files_are_told_apart() {
        let body = "--b\r\nContent-Disposition: form-data; name=\"name\"\r\n\r\nSpring\r\n\
                    --b\r\nContent-Disposition: form-data; name=\"file\"; filename=\"C:\\\\a\\\\stock.csv\"\r\n\r\ncarat\n1\r\n\
                    --b\r\nContent-Disposition: form-data; name=\"other\"; filename=\"\"\r\n\r\n\r\n--b--\r\n";
        let form = SentForm::read_parts(Bytes::from_static(body.as_bytes()), "b".to_owned()).await.expect("a form");
        assert_eq!((form.text("name"), form.text("nothing")), ("Spring", ""));
        assert_eq!(form.files.len(), 1);
        assert_eq!((form.files[0].name.as_str(), &form.files[0].content[..]), ("stock.csv", &b"carat\n1"[..]));
        let cut = Bytes::from_static(&body.as_bytes()[..60]);
        assert_eq!(SentForm::read_parts(cut, "b".to_owned()).await.expect_err("cut").status, 400);
    }
}
