//! Captures whose topology says which service needs which, and how well links agree with it.

use std::collections::BTreeSet;
use std::fmt;
use std::fs;
use std::path::{Path, PathBuf};

use serde_json::Value;
use tapmap::capture::{Frames, Options};
use tapmap::graph::{Operator, Snapshot};
use tapmap::model::{FlowRecord, TokenSighting};
use tapmap::pipeline::{Settings, run};

/// A service and one that it needs, as ids of the contract.
pub type Need = (String, String);

/// One capture with its truth.
pub struct Chain {
    /// The topology: services and what they need.
    pub topology: String,
    /// How connections are used.
    pub variant: String,
    /// How many visitors there are.
    pub load: String,
    path: PathBuf,
    /// What is needed in this variant.
    pub needs: BTreeSet<Need>,
    /// Services that stand in for each other, sorted, and how many of them are enough.
    pub pools: BTreeSet<(Vec<String>, u32)>,
}

/// What was read of a capture.
pub struct Read {
    pub snapshot: Snapshot,
    pub records: Vec<FlowRecord>,
    pub tokens: Vec<TokenSighting>,
}

/// Links found, against what was declared.
#[derive(Clone, Copy, Debug, Default)]
pub struct Score {
    pub right: usize,
    pub wrong: usize,
    pub missed: usize,
}

impl Score {
    /// Compares what was found with what is needed.
    pub fn new(found: &BTreeSet<Need>, needs: &BTreeSet<Need>) -> Score {
        let right = found.intersection(needs).count();
        Score { right, wrong: found.len() - right, missed: needs.len() - right }
    }

    /// Harmonic mean of precision and recall.
    #[expect(clippy::cast_precision_loss, reason = "a handful of links")]
    pub fn f1(self) -> f64 {
        let both = 2.0 * self.right as f64;
        if self.right == 0 { 0.0 } else { both / (both + (self.wrong + self.missed) as f64) }
    }
}

impl std::ops::AddAssign for Score {
    fn add_assign(&mut self, other: Score) {
        self.right += other.right;
        self.wrong += other.wrong;
        self.missed += other.missed;
    }
}

impl fmt::Display for Score {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:.2} ({} right, {} wrong, {} missed)", self.f1(), self.right, self.wrong, self.missed)
    }
}

impl Chain {
    /// Reads the capture.
    pub fn read(&self) -> Read {
        let mut frames = Frames::open(std::slice::from_ref(&self.path), &Options::default()).unwrap();
        let settings = Settings { workers: 2, keep_records: true, ..Settings::default() };
        let outcome = run(&mut frames, &settings, &mut |_| {});
        Read {
            snapshot: Snapshot::new(outcome.map, &Operator::default()),
            records: outcome.records,
            tokens: outcome.tokens.sightings,
        }
    }

    /// `topology/variant/load`.
    pub fn name(&self) -> String {
        format!("{}/{}/{}", self.topology, self.variant, self.load)
    }
}

/// All captures that declare what services need: the chains, and the shop of three tiers.
pub fn chains() -> Vec<Chain> {
    let captures = Path::new(env!("CARGO_MANIFEST_DIR")).join("captures");
    let three_tier = Chain {
        topology: "three-tier".to_owned(),
        variant: "mixed".to_owned(),
        load: "x1".to_owned(),
        path: captures.join("three-tier/capture.pcap"),
        needs: needs(&topology(&captures.join("three-tier")), "mixed"),
        // Declared in words only: the front spreads over two web servers.
        pools: [(vec!["10.77.0.12:20443/tcp".to_owned(), "10.77.0.13:443/tcp".to_owned()], 1)].into(),
    };
    let mut chains = vec![three_tier];
    let folders = fs::read_dir(captures.join("chains")).into_iter().flatten();
    for folder in folders.map(|entry| entry.unwrap().path()).filter(|path| path.is_dir()) {
        let declared = topology(&folder);
        for row in declared["captures"].as_array().unwrap() {
            let variant = row["variant"].as_str().unwrap();
            chains.push(Chain {
                topology: folder.file_name().unwrap().to_str().unwrap().to_owned(),
                variant: variant.to_owned(),
                load: row["load"].as_str().unwrap().to_owned(),
                path: folder.join(row["file"].as_str().unwrap()),
                needs: needs(&declared, variant),
                pools: pools(&declared),
            });
        }
    }
    chains.sort_by_key(|chain| (chain.topology.clone(), chain.variant.clone(), chain.load.len()));
    chains
}

fn topology(folder: &Path) -> Value {
    serde_json::from_str(&fs::read_to_string(folder.join("topology.json")).unwrap()).unwrap()
}

fn needs(topology: &Value, variant: &str) -> BTreeSet<Need> {
    let rows = topology["service_needs"].as_array().unwrap().iter();
    let in_variant = |row: &&Value| {
        row["variants"].as_array().is_none_or(|all| all.iter().any(|one| one.as_str() == Some(variant)))
    };
    rows.filter(in_variant).map(|row| (id(&row["service"]), id(&row["needs"]))).collect()
}

fn pools(topology: &Value) -> BTreeSet<(Vec<String>, u32)> {
    let pool = |row: &Value| {
        let mut members: Vec<String> = row["members"].as_array().unwrap().iter().map(id).collect();
        members.sort();
        (members, u32::try_from(row["needed"].as_u64().unwrap()).unwrap())
    };
    topology["pools"].as_array().unwrap().iter().map(pool).collect()
}

/// The id of the contract; TCP where the topology does not say.
fn id(value: &Value) -> String {
    let text = value.as_str().unwrap();
    if text.contains('/') { text.to_owned() } else { format!("{text}/tcp") }
}
