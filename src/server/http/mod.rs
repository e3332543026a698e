//! What happens to every request: connections and their limits, its id and its log entry, errors as documents, and the check
//! that it comes from a page of this server.

pub mod attachments;
pub mod client_limits;
pub mod compression;
pub mod connections;
pub mod csrf;
pub mod hosts;
pub mod limits;
pub mod long_bodies;
pub mod origins;
pub mod parameters;
pub mod problem;
pub mod recorder;
pub mod request_parts;
pub mod sent_body;
pub mod sent_forms;
pub mod tls;
