//! Questions as they come over HTTP: the same words as on the command line, as query parameters or JSON.
//!
//! Each is a shape of its own, so that its description is made of what is read, and turns into a
//! question and back: `--server` sends what this reads.

use serde::de::DeserializeOwned;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use utoipa::{IntoParams, ToSchema};

use super::word::{ByWord, ModeWord, MovesWord, TextWord, TierWord, WaysWord};
use crate::model::{Nanos, Timestamp};
use crate::query::{Means, Mode, Tier};
use crate::question::{
    Ask, blast_radius, cut, egress, host, isolate, path, policy, seen, spof, timeline, trace as traced,
};

/// Targets and flows that one question names.
const NAMES_MAX: usize = 256;

/// Rows of a ranking.
const TOP_MAX: u32 = 10_000;

/// The longest dwell that makes sense: a year.
const DWELL_SECONDS_MAX: u32 = 366 * 86_400;

/// The longest life of rules: a month.
const EXPIRES_HOURS_MAX: u16 = 720;

/// A question that can be sent.
pub trait Sent: Ask + Send + Sync + 'static {
    /// Its route, below the map's.
    const ROUTE: &'static str;
    /// What is sent.
    type Wire: Serialize + DeserializeOwned + IntoParams + Send;

    /// What is sent.
    fn wire(&self) -> Self::Wire;

    /// What was sent.
    ///
    /// # Errors
    /// If a value is out of bounds, which and why.
    fn read(wire: Self::Wire) -> Result<Self, (&'static str, String)>
    where
        Self: Sized;
}

/// A moment, as RFC 3339 with a zone.
#[derive(Clone, Copy, Debug)]
pub struct Moment(Timestamp);

impl Moment {
    /// The moment itself.
    pub const fn time(self) -> Timestamp {
        self.0
    }
}

impl From<Timestamp> for Moment {
    fn from(time: Timestamp) -> Moment {
        Moment(time)
    }
}

impl Serialize for Moment {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(&self.0)
    }
}

impl<'de> Deserialize<'de> for Moment {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        text.parse().map(Moment).map_err(serde::de::Error::custom)
    }
}

type Misvalued = (&'static str, String);

fn few(name: &'static str, words: &[String]) -> Result<(), Misvalued> {
    match words.len() {
        0..=NAMES_MAX => Ok(()),
        count => Err((name, format!("it names {count}, and at most {NAMES_MAX} are taken"))),
    }
}

fn some(name: &'static str, words: &[String]) -> Result<(), Misvalued> {
    match words {
        [] => Err((name, "it names nobody".to_owned())),
        words => few(name, words),
    }
}

fn most<T: PartialOrd + std::fmt::Display>(name: &'static str, value: T, most: T) -> Result<T, Misvalued> {
    if value > most {
        return Err((name, format!("{value} is more than {most}")));
    }
    Ok(value)
}

/// Shapes of questions: each is read from a query string or a body, and described.
macro_rules! shapes {
    ($($(#[$doc:meta])* $name:ident {
        $($(#[$field_attribute:meta])* $field:ident: $kind:ty,)*
    })*) => {$(
        $(#[$doc])*
        #[derive(Clone, Debug, Serialize, Deserialize, IntoParams, ToSchema)]
        #[serde(deny_unknown_fields)]
        #[into_params(parameter_in = Query)]
        pub struct $name {
            $($(#[$field_attribute])* $field: $kind,)*
        }
    )*};
}

shapes! {
    /// Who stops with a target, and what it can reach.
    BlastRadius {
        /// Address, address@TIME, host:port, name, network, label:NAME or role:NAME; several hosts fail at once
        #[param(example = "10.0.0.5")]
        target: String,
        /// List everything, also what may fall only because shared infrastructure may
        #[serde(default)]
        #[param(required = false)]
        expand: bool,
    }
    /// Whom an infected host can have reached, or who can have infected the victims.
    Trace {
        /// Who is infected: addresses, address@TIME, names, networks, label:NAME or role:NAME
        #[param(max_items = 256)]
        #[schema(max_items = 256)]
        targets: Vec<String>,
        /// When they were infected (forward), or known to be (back); an address may bring its own moment
        #[param(value_type = Option<String>, format = DateTime)]
        #[schema(value_type = Option<String>, format = DateTime)]
        at: Option<Moment>,
        /// By which contacts an intruder moves on [default: exec]
        #[param(inline)]
        classes: Option<MovesWord>,
        /// Seconds that it takes to move on from a host
        #[serde(default)]
        #[param(required = false, maximum = 31622400)]
        #[schema(maximum = 31622400)]
        dwell: u32,
        /// Servers can also act on clients that come to them
        #[serde(default)]
        #[param(required = false)]
        client_side: bool,
        /// The page tells every host that a drawing without time would accuse
        #[serde(default)]
        #[param(required = false)]
        r#static: bool,
    }
    /// How somebody can have come from one host to another, in time.
    Path {
        /// Where it begins
        from: String,
        /// Where it ends; host:port for a path that ends at that service
        to: String,
        /// Only contacts that can be used at or after this moment
        #[param(value_type = Option<String>, format = DateTime)]
        #[schema(value_type = Option<String>, format = DateTime)]
        at: Option<Moment>,
        /// By which contacts an intruder moves on [default: exec]
        #[param(inline)]
        classes: Option<MovesWord>,
        /// Seconds that it takes to move on from a host
        #[serde(default)]
        #[param(required = false, maximum = 31622400)]
        #[schema(maximum = 31622400)]
        dwell: u32,
        /// Servers can also act on clients that come to them
        #[serde(default)]
        #[param(required = false)]
        client_side: bool,
    }
    /// Single points of failure, the worst first.
    Spof {
        /// How many to tell [default: 20]
        #[param(maximum = 10000)]
        #[schema(maximum = 10000)]
        top: Option<u32>,
        /// Also two hosts that stand in for each other, and fail at once
        #[serde(default)]
        #[param(required = false)]
        pairs: bool,
    }
    /// What breaks if something is cut off.
    Isolate {
        /// What to cut off: addresses, networks, names, label:NAME, role:NAME, or single services (host:port)
        #[serde(default)]
        #[param(required = false, max_items = 256)]
        #[schema(max_items = 256)]
        targets: Vec<String>,
        /// What to block [default: full]
        #[param(inline)]
        mode: Option<ModeWord>,
        /// With mode edge: the dependencies to block (client>host:port/tcp)
        #[serde(default)]
        #[param(required = false, max_items = 256)]
        #[schema(max_items = 256)]
        edge: Vec<String>,
        /// Flows to leave open: host:port, or client>host:port
        #[serde(default)]
        #[param(required = false, max_items = 256)]
        #[schema(max_items = 256)]
        keep: Vec<String>,
        /// The page lists the open sessions that would be reset
        #[serde(default)]
        #[param(required = false)]
        sessions: bool,
    }
    /// The least disruptive cut between two sets of hosts.
    Cut {
        /// Where the intruder is
        #[param(max_items = 256)]
        #[schema(max_items = 256)]
        from: Vec<String>,
        /// Where the intruder must not get
        #[param(max_items = 256)]
        #[schema(max_items = 256)]
        to: Vec<String>,
        /// Flows that must stay: host:port, or client>host:port
        #[serde(default)]
        #[param(required = false, max_items = 256)]
        #[schema(max_items = 256)]
        keep: Vec<String>,
        /// What counts as a way [default: potential]
        #[param(inline)]
        tier: Option<TierWord>,
        /// Which ways count [default: exec]
        #[param(inline)]
        classes: Option<WaysWord>,
        /// What may be cut [default: edges]
        #[param(inline)]
        by: Option<ByWord>,
    }
    /// Firewall rules for an isolation or a cut, with rollback and rehearsal; nothing is applied.
    Policy {
        /// Whom to isolate
        #[serde(default)]
        #[param(required = false, max_items = 256)]
        #[schema(max_items = 256)]
        targets: Vec<String>,
        /// What to block [default: quarantine]
        #[param(inline)]
        mode: Option<ModeWord>,
        /// Instead of isolating: part these from the ones of `to` at the least cost
        #[serde(default)]
        #[param(required = false, max_items = 256)]
        #[schema(max_items = 256)]
        from: Vec<String>,
        /// What the ones of `from` must not reach
        #[serde(default)]
        #[param(required = false, max_items = 256)]
        #[schema(max_items = 256)]
        to: Vec<String>,
        /// What must stay open: host:port, or client>host:port
        #[serde(default)]
        #[param(required = false, max_items = 256)]
        #[schema(max_items = 256)]
        keep: Vec<String>,
        /// Hosts that an intruder holds: their ways on count as attack, not as use
        #[serde(default)]
        #[param(required = false, max_items = 256)]
        #[schema(max_items = 256)]
        infected: Vec<String>,
        /// Rules stop by themselves after this many hours [default: 4]
        #[param(minimum = 1, maximum = 720)]
        #[schema(minimum = 1, maximum = 720)]
        expires: Option<u16>,
        /// Judge by what began at or after this moment, and plan by what came before [default: the last third]
        #[param(value_type = Option<String>, format = DateTime)]
        #[schema(value_type = Option<String>, format = DateTime)]
        judge_since: Option<Moment>,
        /// What the text is: rules or rollback for nftables, or a page for people [default: rules]
        #[param(inline)]
        text: Option<TextWord>,
    }
    /// One card of a host.
    Host {
        /// An address, ADDRESS@TIME (whoever held it then), a name, or host:port
        target: String,
    }
    /// Who asked for and who touched an indicator.
    Seen {
        /// An address or network, a name (and all below it), a JA4, a certificate, a user; name:, ja4:, cert: or user: before it says which
        indicator: String,
    }
    /// One ordered story.
    Timeline {
        /// Whom it is about [default: everybody]
        #[serde(default)]
        #[param(required = false, max_items = 256)]
        #[schema(max_items = 256)]
        targets: Vec<String>,
    }
    /// Bytes that leave the local networks.
    Egress {
        /// Whose traffic: an address, ADDRESS@TIME, a name, a network, label:NAME or role:NAME
        target: String,
    }
}

impl Sent for blast_radius::Question {
    const ROUTE: &'static str = "/blast-radius";
    type Wire = BlastRadius;

    fn wire(&self) -> BlastRadius {
        BlastRadius { target: self.target.clone(), expand: self.expand }
    }

    fn read(BlastRadius { target, expand }: BlastRadius) -> Result<Self, Misvalued> {
        Ok(blast_radius::Question { target, expand })
    }
}

fn moving(classes: Option<MovesWord>, dwell: u32, client_side: bool) -> Result<traced::Moving, Misvalued> {
    Ok(traced::Moving {
        classes: classes.map(Into::into).unwrap_or_default(),
        dwell: Nanos::from(most("dwell", dwell, DWELL_SECONDS_MAX)?) * 1_000_000_000,
        client_side,
    })
}

fn seconds(length: Nanos) -> u32 {
    u32::try_from(length / 1_000_000_000).unwrap_or(DWELL_SECONDS_MAX)
}

/// A trace forward.
#[derive(Clone, Debug)]
pub struct Forward(pub traced::Question);

/// A trace back.
#[derive(Clone, Debug)]
pub struct Back(pub traced::Question);

fn trace_wire(question: &traced::Question) -> Trace {
    Trace {
        targets: question.targets.clone(),
        at: question.at.map(Moment),
        classes: Some(question.moving.classes.into()),
        dwell: seconds(question.moving.dwell),
        client_side: question.moving.client_side,
        r#static: question.with_static,
    }
}

fn trace_read(wire: Trace, direction: traced::Direction) -> Result<traced::Question, Misvalued> {
    some("targets", &wire.targets)?;
    Ok(traced::Question {
        targets: wire.targets,
        direction,
        at: wire.at.map(|at| at.0),
        moving: moving(wire.classes, wire.dwell, wire.client_side)?,
        with_static: wire.r#static,
    })
}

/// The two directions of a trace are two routes, and one question to everybody else.
macro_rules! directions {
    ($($name:ident $route:literal;)*) => {$(
        impl Ask for $name {
            fn check(&self) -> Result<(), crate::question::Refusal> {
                self.0.check()
            }

            fn answer<'a>(
                &'a self,
                ground: &'a crate::question::Ground,
            ) -> Result<Box<dyn crate::question::Told + 'a>, crate::question::Refusal> {
                self.0.answer(ground)
            }
        }

        impl Sent for $name {
            const ROUTE: &'static str = $route;
            type Wire = Trace;

            fn wire(&self) -> Trace {
                trace_wire(&self.0)
            }

            fn read(wire: Trace) -> Result<Self, Misvalued> {
                trace_read(wire, traced::Direction::$name).map($name)
            }
        }
    )*};
}

directions! {
    Forward "/trace/forward";
    Back "/trace/back";
}

impl Sent for path::Question {
    const ROUTE: &'static str = "/path";
    type Wire = Path;

    fn wire(&self) -> Path {
        Path {
            from: self.from.clone(),
            to: self.to.clone(),
            at: self.at.map(Moment),
            classes: Some(self.moving.classes.into()),
            dwell: seconds(self.moving.dwell),
            client_side: self.moving.client_side,
        }
    }

    fn read(wire: Path) -> Result<Self, Misvalued> {
        let moving = moving(wire.classes, wire.dwell, wire.client_side)?;
        Ok(path::Question { from: wire.from, to: wire.to, at: wire.at.map(|at| at.0), moving })
    }
}

impl Sent for spof::Question {
    const ROUTE: &'static str = "/spof";
    type Wire = Spof;

    fn wire(&self) -> Spof {
        Spof { top: u32::try_from(self.top).ok(), pairs: self.pairs }
    }

    fn read(Spof { top, pairs }: Spof) -> Result<Self, Misvalued> {
        let top = most("top", top.unwrap_or(20), TOP_MAX)?;
        Ok(spof::Question { top: usize::try_from(top).unwrap_or(usize::MAX), pairs })
    }
}

impl Sent for isolate::Question {
    const ROUTE: &'static str = "/isolate";
    type Wire = Isolate;

    fn wire(&self) -> Isolate {
        Isolate {
            targets: self.targets.clone(),
            mode: Some(self.mode.into()),
            edge: self.edges.clone(),
            keep: self.keep.clone(),
            sessions: self.sessions,
        }
    }

    fn read(wire: Isolate) -> Result<Self, Misvalued> {
        let mode = wire.mode.map_or(Mode::Full, Into::into);
        match mode {
            Mode::Edge => some("edge", &wire.edge)?,
            _ => some("targets", &wire.targets)?,
        }
        few("targets", &wire.targets)?;
        few("edge", &wire.edge)?;
        few("keep", &wire.keep)?;
        let Isolate { targets, edge, keep, sessions, .. } = wire;
        Ok(isolate::Question { targets, mode, edges: edge, keep, sessions })
    }
}

impl Sent for cut::Question {
    const ROUTE: &'static str = "/cut";
    type Wire = Cut;

    fn wire(&self) -> Cut {
        Cut {
            from: self.from.clone(),
            to: self.to.clone(),
            keep: self.keep.clone(),
            tier: Some(self.tier.into()),
            classes: Some(self.classes.into()),
            by: Some(match self.means {
                Means::Ways => ByWord::Edges,
                Means::Hosts => ByWord::Hosts,
                Means::Both => ByWord::Mixed,
            }),
        }
    }

    fn read(wire: Cut) -> Result<Self, Misvalued> {
        some("from", &wire.from)?;
        some("to", &wire.to)?;
        few("keep", &wire.keep)?;
        Ok(cut::Question {
            from: wire.from,
            to: wire.to,
            keep: wire.keep,
            tier: wire.tier.map_or(Tier::Potential, Into::into),
            classes: wire.classes.map_or(crate::query::Classes::Exec, Into::into),
            means: match wire.by {
                None | Some(ByWord::Edges) => Means::Ways,
                Some(ByWord::Hosts) => Means::Hosts,
                Some(ByWord::Mixed) => Means::Both,
            },
        })
    }
}

impl Sent for policy::Question {
    const ROUTE: &'static str = "/policy";
    type Wire = Policy;

    fn wire(&self) -> Policy {
        let (targets, mode, from, to) = match &self.aim {
            policy::Aim::Isolate { targets, mode } => {
                (targets.clone(), Some((*mode).into()), Vec::new(), Vec::new())
            }
            policy::Aim::Cut { from, to } => (Vec::new(), None, from.clone(), to.clone()),
        };
        Policy {
            targets,
            mode,
            from,
            to,
            keep: self.keep.clone(),
            infected: self.infected.clone(),
            expires: Some(self.expires_hours),
            judge_since: self.judge_since.map(Moment),
            text: Some(self.text.into()),
        }
    }

    fn read(wire: Policy) -> Result<Self, Misvalued> {
        few("keep", &wire.keep)?;
        few("infected", &wire.infected)?;
        let aim = match (wire.targets.is_empty(), wire.from.is_empty() && wire.to.is_empty()) {
            (true, true) => return Err(("targets", "name whom to isolate, or `from` and `to`".to_owned())),
            (false, false) => {
                return Err((
                    "targets",
                    "either they are isolated, or `from` is parted from `to`".to_owned(),
                ));
            }
            (false, true) => {
                few("targets", &wire.targets)?;
                let mode = wire.mode.map_or(Mode::Quarantine, Into::into);
                policy::Aim::Isolate { targets: wire.targets, mode }
            }
            (true, false) => {
                some("from", &wire.from)?;
                some("to", &wire.to)?;
                policy::Aim::Cut { from: wire.from, to: wire.to }
            }
        };
        let expires_hours = most("expires", wire.expires.unwrap_or(4), EXPIRES_HOURS_MAX)?;
        if expires_hours == 0 {
            return Err(("expires", "rules that stop at once are none".to_owned()));
        }
        Ok(policy::Question {
            aim,
            keep: wire.keep,
            infected: wire.infected,
            expires_hours,
            judge_since: wire.judge_since.map(|at| at.0),
            text: wire.text.map_or(policy::Text::Rules, Into::into),
        })
    }
}

/// Questions that name one thing.
macro_rules! of_one {
    ($($module:ident $route:literal $wire:ident $field:ident;)*) => {$(
        impl Sent for $module::Question {
            const ROUTE: &'static str = $route;
            type Wire = $wire;

            fn wire(&self) -> $wire {
                $wire { $field: self.$field.clone() }
            }

            fn read($wire { $field }: $wire) -> Result<Self, Misvalued> {
                Ok($module::Question { $field })
            }
        }
    )*};
}

of_one! {
    host "/host" Host target;
    seen "/seen" Seen indicator;
    egress "/egress" Egress target;
}

impl Sent for timeline::Question {
    const ROUTE: &'static str = "/timeline";
    type Wire = Timeline;

    fn wire(&self) -> Timeline {
        Timeline { targets: self.targets.clone() }
    }

    fn read(Timeline { targets }: Timeline) -> Result<Self, Misvalued> {
        few("targets", &targets)?;
        Ok(timeline::Question { targets })
    }
}
