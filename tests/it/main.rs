//! Tests of the whole program, a module a topic.

mod parity;
mod shared;
