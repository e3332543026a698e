//! What is attached to requests and responses on their way through the application.

use uuid::Uuid;

use super::problem::Problem;

/// The id of the request that is being answered.
#[derive(Debug, Clone, Copy)]
pub struct RequestId(pub Uuid);

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
