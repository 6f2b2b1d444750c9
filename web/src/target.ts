// TARGET of the questions: `10.0.3.9`, or `10.0.3.9@2026-03-14T10:04Z` for whoever held it then.
import { moment } from "./time";

/** A target with its moment taken apart. */
export function parted(target: string): { place: string; at: string | null } {
  const at = target.lastIndexOf("@");
  return at < 0 ? { place: target, at: null } : { place: target.slice(0, at), at: target.slice(at + 1) };
}

/** A target whose moment is only a time of the day, on the newest day of the map. A day without a zone stays
 *  as it is: the server refuses it and offers both readings. */
export function dated(target: string, newest: string | null): string {
  const { place, at } = parted(target);
  if (at === null || !/^\d{1,2}:\d{2}(:\d{2})?Z?$/.test(at)) return target;
  const read = moment(at, newest);
  return read === null ? target : `${place}@${read}`;
}
