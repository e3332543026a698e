//! Tests of the whole program, a module a topic.

mod access;
mod browsing;
mod command_line;
mod docs_page;
mod faults;
mod fuzzing;
mod generating;
mod growing;
mod history;
mod ingesting;
mod models_page;
mod operating;
mod owning;
mod parity;
mod parity_fixture;
mod pipeline;
mod predictions;
mod program;
mod requests_page;
mod retraining;
mod serving;
mod shared;
mod skipping;
mod snapshots;
mod store_file;
mod styles;
