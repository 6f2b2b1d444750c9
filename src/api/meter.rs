//! What the server counts of itself, for Prometheus.

use std::fmt::Write as _;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::encoding::text::encode;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::histogram::Histogram;
use prometheus_client::registry::{Registry, Unit};

use super::app::Served;
use super::source::Standing;

/// The media type of what [`Meter::tell`] writes.
pub const MEDIA: &str = "application/openmetrics-text; version=1.0.0; charset=utf-8";

/// What a request was.
#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Asked {
    method: String,
    /// The route, never the path: a path has as many values as somebody cares to send.
    route: String,
    status: u16,
}

/// What is counted.
pub struct Meter {
    registry: Registry,
    requests: Family<Asked, Counter>,
    seconds: Histogram,
    map: Map,
    listeners: Arc<AtomicUsize>,
    listening: Gauge,
}

/// What is on the map.
#[derive(Default)]
struct Map {
    ready: Gauge,
    number: Gauge,
    hosts: Gauge,
    services: Gauge,
    dependencies: Gauge,
    findings: Gauge,
    flows: Gauge,
}

/// Somebody who listens to events, until it is dropped.
pub struct Listening(Arc<AtomicUsize>);

impl Drop for Listening {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}

impl Default for Meter {
    fn default() -> Self {
        // From a millisecond, a list, to half a minute, when requests end.
        let seconds = Histogram::new([0.001, 0.003, 0.01, 0.03, 0.1, 0.3, 1.0, 3.0, 10.0, 30.0]);
        let (requests, listening, map) = (Family::default(), Gauge::default(), Map::default());
        let mut registry = Registry::with_prefix("tapmap");
        registry.register("http_requests", "Requests answered", Clone::clone(&requests));
        let help = "Seconds until a response began";
        registry.register_with_unit("http_request_duration", help, Unit::Seconds, seconds.clone());
        registry.register("event_listeners", "Listeners to events", Clone::clone(&listening));
        for (name, help, gauge) in [
            ("map_ready", "1 where the map can be asked", &map.ready),
            ("map_snapshot", "The number of the map's newest state", &map.number),
            ("map_hosts", "Hosts on the map", &map.hosts),
            ("map_services", "Services on the map", &map.services),
            ("map_dependencies", "Dependencies on the map", &map.dependencies),
            ("map_findings", "Findings on the map", &map.findings),
            ("map_flows", "Flows that are kept", &map.flows),
        ] {
            registry.register(name, help, Clone::clone(gauge));
        }
        Meter { registry, requests, seconds, map, listeners: Arc::default(), listening }
    }
}

impl Meter {
    /// Counts a response.
    pub fn count(&self, method: &str, route: &str, status: u16, took: Duration) {
        let asked = Asked { method: method.to_owned(), route: route.to_owned(), status };
        self.requests.get_or_create(&asked).inc();
        self.seconds.observe(took.as_secs_f64());
    }

    /// One listener more; none if there are so many already.
    pub fn listen(&self, most: usize) -> Option<Listening> {
        let more = |now: usize| (now < most).then_some(now + 1);
        self.listeners.fetch_update(Ordering::Relaxed, Ordering::Relaxed, more).ok()?;
        Some(Listening(Arc::clone(&self.listeners)))
    }

    /// Everything counted, in the text format of OpenMetrics.
    pub fn tell(&self, served: &Served) -> String {
        let gauge = |gauge: &Gauge, count: usize| {
            gauge.set(i64::try_from(count).unwrap_or(i64::MAX));
        };
        gauge(&self.listening, self.listeners.load(Ordering::Relaxed));
        gauge(&self.map.ready, usize::from(served.source.standing() == Standing::Ready));
        if let Some(figures) = served.source.figures() {
            self.map.number.set(i64::try_from(figures.number).unwrap_or(i64::MAX));
            gauge(&self.map.hosts, figures.hosts);
            gauge(&self.map.services, figures.services);
            gauge(&self.map.dependencies, figures.dependencies);
            gauge(&self.map.findings, figures.findings);
            gauge(&self.map.flows, figures.flows);
        }
        let mut text = String::new();
        if encode(&mut text, &self.registry).is_err() {
            let _ = writeln!(text, "# EOF");
        }
        text
    }
}
