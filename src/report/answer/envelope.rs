//! What every answer carries: the question, an id that comes again for the same question to the same
//! map, the map, the time that was watched, and what was not to be seen.

use std::io::{self, Write};

use serde::Serialize;
use sha2::{Digest as _, Sha256};

use super::SCHEMA;
use super::blindness::Sight;
use crate::model::Timestamp;
use crate::query::{Blindness, Digest, Observed, digest};
use crate::report::document::covered;
use crate::report::time;

/// Answers questions about one map.
pub struct Asker {
    observed: Observed,
    number: u64,
    digest: Digest,
    as_of: Option<Timestamp>,
}

/// One answer, ready to be written.
#[derive(Serialize)]
pub struct Answer<Q, R> {
    schema: &'static str,
    question: Q,
    /// The SHA-256 of question, map and site file, in hexadecimal.
    pub answer_id: String,
    snapshot: Which,
    window: Window,
    visibility: Sight,
    result: R,
}

/// Which map.
#[derive(Serialize)]
struct Which {
    number: u64,
    digest: String,
}

/// The time that was watched.
#[derive(Serialize)]
struct Window {
    first: Option<String>,
    last: Option<String>,
    as_of: Option<String>,
    watched_seconds: f64,
}

impl Asker {
    /// Takes the map's digest, in time proportional to the map. `as_of` is the moment that answers
    /// are about; none: that of the last packet.
    pub fn new(observed: Observed, number: u64, as_of: Option<Timestamp>) -> Asker {
        Asker { digest: digest(&observed), as_of: as_of.or(observed.snapshot.last), number, observed }
    }

    /// The digest of the map.
    pub const fn digest(&self) -> Digest {
        self.digest
    }

    /// The moment that answers are about.
    pub const fn as_of(&self) -> Option<Timestamp> {
        self.as_of
    }

    /// Puts an answer together.
    pub fn answer<Q: Serialize, R>(&self, question: Q, blindness: &Blindness, result: R) -> Answer<Q, R> {
        let watched = &self.observed.watched;
        #[expect(clippy::cast_precision_loss, reason = "seconds to the nanosecond for the first 104 days")]
        let watched_seconds = covered(watched) as f64 / 1e9;
        Answer {
            schema: SCHEMA,
            answer_id: self.answer_id(&question),
            question,
            snapshot: Which { number: self.number, digest: self.digest.to_string() },
            window: Window {
                first: watched.iter().map(|span| span.first).min().map(time),
                last: watched.iter().map(|span| span.last).max().map(time),
                as_of: self.as_of.map(time),
                watched_seconds,
            },
            visibility: Sight::of(blindness, &self.observed.snapshot),
            result,
        }
    }

    /// The id of the answer to a question.
    pub fn answer_id(&self, question: &impl Serialize) -> String {
        let question = serde_json::to_vec(question).unwrap_or_default();
        let mut hash = Sha256::new();
        for part in [&question, self.digest.bytes().as_slice(), &self.observed.knowledge.fingerprint] {
            hash.update((part.len() as u64).to_be_bytes());
            hash.update(part);
        }
        hash.finalize().iter().map(|byte| format!("{byte:02x}")).collect()
    }
}

impl<Q: Serialize, R: Serialize> Answer<Q, R> {
    /// Writes it as one JSON document.
    ///
    /// # Errors
    /// If it cannot be written.
    pub fn write_json(&self, mut out: &mut dyn Write) -> io::Result<()> {
        serde_json::to_writer_pretty(&mut out, self)?;
        writeln!(out)
    }
}
