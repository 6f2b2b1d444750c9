//! What a running sensor was told by people, as of the last reload.

use std::sync::Arc;

use arc_swap::ArcSwap;

use crate::capture;
use crate::cli::failure::Failure;
use crate::cli::setup::{self, Brought, Setup};
use crate::config::Sensor;
use crate::config::sensor::Period;
use crate::graph::Operator;
use crate::query::Knowledge;
use crate::store::Retention;

/// Everything that a reload may change, for all threads that need it.
pub struct Known {
    /// What the map needs of what the operator knows.
    pub operator: ArcSwap<Operator>,
    /// What questions need of it.
    pub knowledge: ArcSwap<Knowledge>,
    /// How long what is kept.
    pub retention: ArcSwap<Retention>,
}

impl Known {
    /// Reads what a configuration names.
    ///
    /// # Errors
    /// If the site file is wrong.
    pub fn read(sensor: &Sensor) -> Result<Known, Failure> {
        let brought = Brought::default();
        let (operator, knowledge) = setup::known(&sensor.local_networks, sensor.site.as_deref(), brought)?;
        Ok(Known {
            operator: ArcSwap::from_pointee(operator),
            knowledge: ArcSwap::from_pointee(knowledge),
            retention: ArcSwap::from_pointee(retention(sensor)),
        })
    }

    /// Reads it again. Where anything is wrong, all stays as it is.
    ///
    /// # Errors
    /// As [`Known::read`].
    pub fn reload(&self, sensor: &Sensor) -> Result<(), Failure> {
        let Known { operator, knowledge, retention } = Known::read(sensor)?;
        self.operator.store(operator.into_inner());
        self.knowledge.store(knowledge.into_inner());
        self.retention.store(retention.into_inner());
        Ok(())
    }

    /// How captures are read beside the sensor: by one thread, so that packets need not wait.
    pub fn setup(&self, sensor: &Sensor) -> Setup {
        Setup {
            options: capture::Options::default(),
            operator: Operator::clone(&self.operator.load()),
            knowledge: Knowledge::clone(&self.knowledge.load()),
            data_dir: sensor.data_dir.clone(),
            workers: 1,
            drop_duplicates: sensor.drop_duplicates,
        }
    }

    /// What questions need, for as long as they need it.
    pub fn knowledge(&self) -> Arc<Knowledge> {
        self.knowledge.load_full()
    }
}

fn retention(sensor: &Sensor) -> Retention {
    let of = |Period(period): Period| period;
    Retention {
        flows: of(sensor.retention_flows),
        exchanges: of(sensor.retention_exchanges),
        hours: of(sensor.retention_hours),
        inventory: of(sensor.retention_inventory),
        findings: of(sensor.retention_findings),
    }
}
