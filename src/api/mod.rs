//! The map over HTTP: resources, questions, events; who may do what.
//!
//! [`app`] makes the router. It asks a [`Source`] for the map, does work at a [`Desk`](desk::Desk) of
//! bounded size, refuses with a [`Problem`](error::Problem), and describes itself: the OpenAPI document
//! is made of the same functions that answer.

mod app;
mod asset;
pub mod auth;
mod describe;
mod desk;
mod error;
mod event;
mod filter;
mod form;
mod guard;
mod journal;
mod list;
pub mod listener;
mod meter;
mod page;
mod reply;
mod report;
mod route;
mod router;
mod service;
mod source;
mod stamp;
pub mod tls;
mod words;

pub use app::{App, Limits, Options};
pub use desk::Bounds;
pub use error::{KINDS, Kind, PROBLEM, Problem};
pub use filter::key::KEYS as FILTER_KEYS;
pub use journal::{Event, Journal, Passed};
pub use page::ROWS_MAX;
pub use route::{Access, Route, routes};
pub use router::{app, guarded};
pub use source::{Current, Mark, Source, Standing, Still};
