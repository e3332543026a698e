//! What is attached to requests and responses on their way through the application.

use std::sync::Arc;

use hyper::body::Bytes;
use jiff::Timestamp;
use uuid::Uuid;

use super::problem::Problem;
use crate::store::PredictionRecord;

/// Attached to a request by the wire: its body. Bodies travel so because tide's own give a request a media type that the
/// client never said, and must be copied to be read twice.
#[derive(Debug, Clone)]
pub struct ReceivedBody(pub Bytes);

/// Attached to a request by the wire: the method as it was sent, where the application has no word for it.
#[derive(Debug, Clone, Copy)]
pub struct SentMethod(pub &'static str);

/// Which request is being answered.
#[derive(Debug, Clone, Copy)]
pub struct RequestIdentity {
    /// Its id in the log.
    pub id: Uuid,
    /// When it arrived.
    pub time: Timestamp,
}

/// Attached to a response: the predictions that it holds, to be stored with the request.
#[derive(Debug, Clone)]
pub struct MadePredictions(pub Arc<[PredictionRecord]>);

/// Attached to a response: the model that answered.
#[derive(Debug, Clone, Copy)]
pub struct AnsweredBy(pub i64);

/// Attached to a response that is not of `/v1/`: log it all the same, with this as what was answered.
#[derive(Debug, Clone)]
pub struct LogAs(pub String);

/// Attached to a request by the wire: it is refused before it is read in full.
#[derive(Debug, Clone)]
pub struct Refusal {
    /// The method as it was sent.
    pub method: String,
    /// Why.
    pub problem: Problem,
}
