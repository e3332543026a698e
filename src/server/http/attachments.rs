//! Data attached to requests and responses while the application handles them.

use std::sync::Arc;

use hyper::body::Bytes;
use jiff::Timestamp;
use uuid::Uuid;

use super::problem::Problem;
use crate::store::PredictionRecord;

/// The body, attached to a request by the connection. tide's own bodies add a media type that the client did not send, and must
/// be copied to be read twice. Attached to a response: what the log keeps as the body of a request that came without one.
#[derive(Debug, Clone)]
pub struct ReceivedBody(pub Bytes);

/// The method as it was sent, attached to a request by the connection if the router does not know the method.
#[derive(Debug, Clone, Copy)]
pub struct SentMethod(pub &'static str);

/// The identity of the request that is being answered.
#[derive(Debug, Clone, Copy)]
pub struct RequestIdentity {
    /// Its id in the log.
    pub id: Uuid,
    /// When it arrived.
    pub time: Timestamp,
}

/// Attached to a response: the predictions in it, to be stored with the request.
#[derive(Debug, Clone)]
pub struct MadePredictions(pub Arc<[PredictionRecord]>);

/// Attached to a response: the path of its endpoint, with names for parameters.
#[derive(Debug, Clone)]
pub struct Route(pub Arc<str>);

/// Attached to a response: the model that answered.
#[derive(Debug, Clone, Copy)]
pub struct AnsweredBy(pub i64);

/// Attached to a response outside `/v1/`: log it anyway, with this text as the answer.
#[derive(Debug, Clone)]
pub struct LogAs(pub String);

/// Attached to a request by the connection: it is refused before it is read completely.
#[derive(Debug, Clone)]
pub struct Refusal {
    /// The method as it was sent.
    pub method: String,
    /// The reason.
    pub problem: Problem,
}
