//! The map over HTTP: resources, questions, events; who may do what.

pub mod auth;
pub mod headers;
pub mod listener;
mod stamp;
pub mod tls;
