//! A blast radius as a picture: what fails stands left, what falls with it in columns by hop.

use std::collections::BTreeMap;

use super::Radius;
use crate::query::{ImpactNode, Loss};
use crate::report::answer::affected::Naming;
use crate::report::picture::{Picture, PictureEdge, PictureNode, PictureTone};
use crate::report::text::share;

/// Nodes that are drawn; a picture of more says less. Those that fall for certain go first.
const NODES_MAX: usize = 80;

/// The picture of what stops with a target.
pub fn picture(told: &Radius<'_>, answer_id: &str) -> Picture {
    let naming = Naming { atlas: told.atlas, requires: told.requires };
    let outage = told.outage;
    let mut drawing = Drawing { naming, places: BTreeMap::new(), nodes: Vec::new() };
    for node in &outage.failed {
        drawing.node(*node, 0, PictureTone::Start, String::new());
    }
    let losses = || {
        let must = outage.must.iter().map(|loss| (loss, PictureTone::Must));
        must.chain(outage.may.iter().map(|loss| (loss, PictureTone::May)))
    };
    for (loss, tone) in losses() {
        drawing.node(loss.node, loss.hop as usize, tone, detail(loss));
    }
    let edges = losses().flat_map(|(loss, tone)| drawing.edges(loss, tone)).collect();
    let deepest = drawing.nodes.iter().map(|node| node.column).max().unwrap_or_default();
    let hops = (1..=deepest).map(|hop| if hop == 1 { "1 hop".to_owned() } else { format!("{hop} hops") });
    Picture {
        title: format!("If {} stops", crate::report::clean(told.target)),
        answer_id: answer_id.to_owned(),
        columns: std::iter::once("fails".to_owned()).chain(hops).collect(),
        nodes: drawing.nodes,
        edges,
    }
}

struct Drawing<'a> {
    naming: Naming<'a>,
    places: BTreeMap<u32, usize>,
    nodes: Vec<PictureNode>,
}

impl Drawing<'_> {
    fn node(&mut self, node: u32, column: usize, tone: PictureTone, more: String) {
        if self.nodes.len() >= NODES_MAX || self.places.contains_key(&node) {
            return;
        }
        let id = self.naming.id(node);
        let name = self.naming.name(node);
        let detail = match (&name, more.as_str()) {
            (Some(_), "") => id.clone(),
            (Some(_), more) => format!("{id}  {more}"),
            (None, more) => more.to_owned(),
        };
        self.places.insert(node, self.nodes.len());
        self.nodes.push(PictureNode {
            column,
            label: name.unwrap_or(id),
            detail,
            service: matches!(self.naming.requires.node(node), ImpactNode::Service(_)),
            tone,
        });
    }

    /// From every failed member of the group that failed it.
    fn edges(&self, loss: &Loss, tone: PictureTone) -> Vec<PictureEdge> {
        let Some(to) = self.places.get(&loss.node).copied() else { return Vec::new() };
        let column = |place: usize| self.nodes.get(place).map(|node| node.column);
        let members = self.naming.requires.members(loss.group).iter();
        let failed = members.filter_map(|member| Some((*self.places.get(&member.provider)?, member)));
        let edges = failed.filter(|(from, _)| column(*from) < column(to)).map(|(from, member)| {
            let dependency = self.naming.atlas.dependency(member.dependency);
            let label = dependency.and_then(|row| row.protocol()).unwrap_or_default().to_owned();
            PictureEdge { from, to, label, tone }
        });
        edges.collect()
    }
}

fn detail(loss: &Loss) -> String {
    if loss.probability >= 1.0 {
        return String::new();
    }
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a probability")]
    let thousandths = (loss.probability * 1e3).round() as u64;
    share(thousandths, 1_000)
}
