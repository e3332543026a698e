//! What every request goes through, whatever it asks: connections and their limits, its id and its place in the log, errors
//! as documents, and whether it comes from a page of this server.

pub mod attachments;
pub mod connections;
pub mod csrf;
pub mod limits;
pub mod parameters;
pub mod problem;
pub mod recorder;
pub mod request_parts;
