// What the tap could not see of those whom an answer is about, in sentences.
import type { Sight } from "./api/types";
import { count, counted, percent } from "./number";
import { span, utc } from "./time";

/** A line, and whether it is a lack or says that there is none. */
export interface Line { text: string; fine: boolean; hosts?: string[] }

/** What is not seen, in sentences; the lacks first. */
export function lines(sight: Sight, watched: number): Line[] {
  const told: Line[] = [];
  const lack = (text: string, hosts?: string[]): void => { told.push({ text, fine: false, ...(hosts && { hosts }) }); };
  if (!sight.same_segment_seen) {
    const where = sight.segments.length === 0 ? "its own segment" : sight.segments.join(", ");
    const others = sight.same_segment_hosts > 0 ? `; ${counted(sight.same_segment_hosts, "host")} there may depend on it or be reached unseen` : "";
    lack(`Inside ${where}: no traffic between two hosts of the same segment was seen${others}.`);
  }
  if (!sight.both_directions) lack(`Only one side was heard of ${count(sight.one_sided_pairs)} of ${counted(sight.pairs, "pair")}: what the other side said is unknown.`);
  if (sight.frontier_count > 0) {
    lack(`${counted(sight.frontier_count, "host")} at the frontier: what ${sight.frontier_count === 1 ? "it" : "they"} reached next is not tapped. Never seen does not mean that nothing depends on it.`, sight.frontier);
  }
  for (const gap of sight.gaps) lack(`Nothing was watched from ${utc(gap.first)} to ${utc(gap.last)}.`);
  if (sight.loss > 0) lack(`${sight.loss < 0.0001 ? "< 0.01" : (sight.loss * 100).toFixed(2)} % of the bytes on its flows were never seen.`);
  if (sight.undetermined_directions > 0) lack(`The direction of ${counted(sight.undetermined_directions, "arrow")} is a guess.`);
  lack(`Jobs that run more seldom than the ${span(watched)} that were watched: none could appear.`);
  if (sight.same_segment_seen) told.push({ text: `Traffic inside ${sight.segments.join(", ") || "its segment"} was seen.`, fine: true });
  if (sight.both_directions && sight.pairs > 0) told.push({ text: `Both sides heard of ${sight.pairs === 1 ? "its only pair" : `all ${count(sight.pairs)} pairs`}.`, fine: true });
  if (sight.loss === 0) told.push({ text: "No loss on its flows.", fine: true });
  if (sight.undetermined_directions === 0) told.push({ text: `Arrows: ${percent(1)} from the packets themselves.`, fine: true });
  return told;
}
