//! The map over HTTP: resources, questions, events; who may do what.
//!
//! [`app()`] makes the router. It asks a [`Source`] for the map, does work at a desk of
//! bounded size, refuses with a [`Problem`], and describes itself: the OpenAPI document
//! is made of the same functions that answer.

mod app;
mod asset;
pub mod auth;
mod describe;
mod desk;
mod diff;
mod error;
mod event;
mod filter;
mod form;
mod guard;
mod health;
pub mod headers;
mod journal;
mod list;
pub mod listener;
mod live;
mod map;
mod meter;
mod page;
mod past;
mod question;
mod reply;
mod report;
mod route;
mod router;
mod service;
mod source;
mod stamp;
pub mod tls;
mod upload;
mod words;

pub use app::{App, Limits, Options};
pub use desk::Bounds;
pub use error::{KINDS, Kind, PROBLEM, Problem};
pub use filter::key::KEYS as FILTER_KEYS;
pub use health::{Health, Line, State};
pub use journal::{Event, Journal, Passed};
pub use live::{Live, Making};
pub use page::ROWS_MAX;
pub use past::{Past, When};
pub use question::{Back, Forward, NOTHING_FOUND, Sent};
pub use route::{Access, Route, routes};
pub use router::app;
pub use source::{Again, Current, Figures, Mark, Source, Standing, Still};
pub use upload::{Opener, UploadLimits, Uploads};
