// What the API sends, by hand from its OpenAPI document and from what answers carry in `result`.
// Only fields that the page shows; the names are the contract's.

export interface Identity { name: string; role: "viewer" | "responder" | "admin"; way: "token" | "session" | "local" }

export interface Status {
  source: "captures" | "sensor" | "store";
  state: "reading" | "ready" | "failed";
  problem: string | null;
  progress: { bytes: number; total: number | null; packets: number } | null;
  snapshot: Snapshot | null;
  newest_event: number;
  version: string;
}

export interface Snapshot {
  number: number; as_of: string | null;
  hosts: number; services: number; dependencies: number; findings: number; flows: number;
}

export interface UploadedMap { id: string; name: string; bytes: number; status: Status }

export type HealthState = "ok" | "learning" | "starting" | "degraded" | "failed";
export interface Health {
  state: HealthState;
  lines: { what: string; state: HealthState; sentence: string }[];
  sensor: SensorHealth | null;
}
export interface SensorHealth {
  interfaces: { name: string; up: boolean; received: number; kernel_drops: number; interface_drops: number }[];
  received: number; dropped: number; loss: number; shed: number; queue: number;
  duplicates: number; one_sided: number;
  silent_for_seconds: number | null; store_lag_seconds: number | null; build_seconds: number; forgotten: number;
  learning: { watched_seconds: number; active: number; new: number; share: number };
}

export interface Name { name: string; source: string; first: string | null; last: string | null }
export interface Host {
  id: string; addresses: string[]; realm: string | null; vlans: number[]; macs: string[]; vendor: string | null;
  names: Name[]; roles: string[]; labels: string[]; internal: boolean; first: string | null; last: string | null;
}

export interface Tls {
  versions: string[]; sni: string[]; alpn: string[]; ja4: string[];
  certificate_visibility: string; certificates: string[];
}
export interface Service {
  id: string; host: string; address: string; port: number; transport: string; protocol: string;
  protocol_evidence: string; product: string | null; tls: Tls | null; clients: number; flows: number;
  first: string; last: string;
}

export interface Direction { decided: boolean; evidence: string; confidence: number }
export interface Dependency {
  id: string; client: string; client_address: string; service: string; server_address: string; server_port: number;
  transport: string; protocol: string; kind: string; state: string; initiator: string; one_sided: boolean;
  direction: Direction; flows: number; failed_flows: number;
  packets_to_server: number; packets_to_client: number; bytes_to_server: number; bytes_to_client: number;
  first: string; last: string;
}

export interface CertificateSeen {
  service: string; client: string | null; sni: string | null; role: string; position: number; first: string; last: string;
}
export interface Certificate {
  sha256: string; spki_sha256: string; serial: string; subject: string; issuer: string;
  not_before: string; not_after: string; san: string[]; key: { algorithm: string; bits: number | null };
  signature_algorithm: string; is_ca: boolean; seen: CertificateSeen[];
  status: string; days_left: number | null; problem: string | null;
}

export type Band = "critical" | "high" | "medium" | "low" | "info";
export interface Finding {
  id: string; rule: string; title: string; severity: number; score: number; band: Band; state: string;
  host: string; service: string | null; clients: string[]; count: number; first: string; last: string;
  detail: string | null;
  evidence: { source: string; frame: number; time: string; what: string }[];
  explanation: { factor: string; points: number }[];
  attack: string[]; references: string[]; replacement: string;
}

export interface Flow {
  first: string; last: string; duration_seconds: number; client: string; client_port: number;
  server: string; server_port: number; transport: string; protocol: string; tls: boolean; state: string;
  direction: Direction; packets_to_server: number; packets_to_client: number;
  bytes_to_server: number; bytes_to_client: number; retransmitted: number; vlans: number[];
  community_id: string; source: string; frame: number;
}

export interface Visibility {
  one_sided_pairs: number; pairs: number; acked_unseen_bytes: number; cut_packets: number;
  tls_endpoints_total: number; tls_endpoints_with_certificate: number;
  link_types_not_read: { link_type: string; frames: number }[];
  kernel_drops: number | null; clock_steps: number; hosts_known_only_by_mention: number;
  undetermined_directions: number; retransmitted: number; bad_checksums: number; flows_not_read: number;
  dropped: { hosts: number; flows: number; names: number; facts: number };
  anomalies: Record<string, number>;
}

export interface Capture {
  sources: {
    path: string; format: string | null; bytes: number; link_types: string[]; packets: number;
    first: string | null; last: string | null; problem: string | null;
  }[];
  packets: Record<"read" | "analyzed" | "duplicate" | "non_ip" | "malformed" | "unsupported" | "filtered" | "shed", number>;
  bytes: { captured: number; wire: number };
  flows: { tracked: number; evicted: number; summarised: number };
}

/** What the tap could not see of those whom an answer is about. */
export interface Sight {
  both_directions: boolean; one_sided_pairs: number; pairs: number;
  same_segment_seen: boolean; same_segment_hosts: number; segments: string[];
  gaps: { first: string; last: string }[];
  frontier: string[]; frontier_count: number; loss: number; undetermined_directions: number;
}

export interface Answer<R> {
  question: Record<string, unknown>; answer_id: string;
  snapshot: { number: number; digest: string };
  window: { first: string | null; last: string | null; as_of: string | null; watched_seconds: number };
  visibility: Sight; result: R;
}

export interface Turn { mac: string; from: string; until: string | null; last: string; sources: string[]; contested: boolean }
export interface Offer extends Service { used_by: string[]; bytes_served: number; answered_flows: number }
export interface Use {
  id: string; kind: string; service: string; protocol: string; state: string; class: string; flows: number;
  bytes_to_server: number; bytes_to_client: number; first: string; last: string;
}
export interface Session {
  dependency: string; client: string; client_port: number; service: string; protocol: string; class: string;
  outgoing: boolean; since: string; last: string; bytes_to_server: number; bytes_to_client: number;
  source: string; frame: number;
}
export interface HostCard {
  host: Host; criticality: { value: number; source: string } | null;
  held: Turn[]; at: Turn | null; elsewhere: { host: string; turn: Turn }[];
  services: Offer[]; uses: Use[]; sessions: Session[];
  users: { user: string; client: string; service: string; count: number; first: string; last: string }[];
  findings: Finding[]; takes_part_in: string[];
}

export interface Criticality { value: number; level: number; source: string }
export interface Affected {
  node: string; name: string | null; address: string; service: string | null; hop: number; probability: number;
  because: string[]; group: string | null; why: string | null; strength: number; confidence: number;
  requests: number | null; waited: number | null; clients: number; criticality: Criticality;
}
export interface BlastRadius {
  target: string; targets: string[];
  impact: {
    must: Affected[]; may: Affected[]; score: number; clients: number;
    shared_infrastructure: { node: string; name: string | null; state: string; clients: number }[];
    clients_may: number; external_clients: number; external_users: boolean;
    business: { name: string; lost: string }[]; safe: string[]; seen_once: Affected[]; not_listed: number;
    restore: { step: number; services: string[] }[];
  };
  exposure: Exposure | null;
}
export interface Contacted {
  host: string; address: string; at: string; path: string[]; probability: number; class: string;
  dependencies: string[]; first: string; external: boolean; bytes_up: number;
  open_sessions: { dependency: string; client_port: number; first: string; last: string; source: string; frame: number }[];
}
export interface Exposure {
  observed: Contacted[]; potential: number; theoretical: number;
  onward: { host: string; address: string; hop: number; dependency: string }[];
  potential_services: number; potential_onward: number;
  unused: { service: string; port: number; protocol: string | null }[];
}

export interface Hop {
  actor: string; target: string; at: string | null; class: string; protocol: string | null; port: number;
  transport: string; dependency: string; first: string; last: string; open: boolean; client_port: number;
  source: string; frame: number; probability: number; direction_decided: boolean;
}
export interface Reached {
  host: string; address: string; at: string; path: string[]; probability: number; class: string;
  controlled: boolean; touched: string | null; hops: Hop[];
}
export interface Forward {
  zero: string; zeros: string[]; at: string; reached: Reached[]; static_only: string[]; static_control_only: string[];
  out_of_time: { host: string; address: string; missed: Hop | null; actor_reached: string | null }[];
  open_sessions: Hop[];
}
export interface Candidate {
  host: string; address: string; at: string; path: string[]; probability: number; class: string;
  explains: number; score: number; victim: boolean; anomalies: string[];
  victims: { victim: string; at: string; probability: number; path: string[]; hops: Hop[] }[];
}
export interface Backward {
  victims: string[]; at: string; candidates: Candidate[];
  causes: { dependency: string; first: string; last: string; contacts: number; contact: Hop | null }[];
}
export interface PathAnswer {
  from: string[]; to: string[]; complete: boolean; without_time: Hop[];
  paths: { at: string; path: string[]; probability: number; hops: Hop[] }[];
}

export interface Broken {
  node: string; address: string; service: string | null; hop: number; probability: number; because: string[];
  group: string | null; criticality: number; criticality_inferred: boolean; clients: number | null;
}
export interface Side { must: Broken[]; may: Broken[]; services: number; critical: number; clients: number }
export interface Remains {
  neighbours: number; neighbours_exec: number; services: number; services_exec: number;
  protocols: string[]; exceptions: string[]; inward: boolean;
}
export type Mode = "full" | "egress" | "ingress" | "lateral" | "quarantine" | "edge";
export interface Option {
  mode: Mode; keep: string[]; keep_protected: boolean; breaks: number; critical: number; clients: number; still_open: Remains;
}
export interface Isolation {
  targets: string[]; mode: Mode; cut: string[]; outside: Side; inside: Side;
  exceptions: { dependency: string; why: string }[];
  open_flows: {
    dependency: string; client_port: number; since: string; last: string; class: string; admin: boolean;
    bytes_to_server: number; bytes_to_client: number;
  }[];
  cost: { host: number; segment: number; minimum_cut: number | null; minimum_cut_keeps_safe: string };
  edges: {
    dependency: string; outward: boolean; enforcement: string; gateway: string | null; sessions: number;
    last: string; state: string; confidence: number;
  }[];
  enforcement: { gateway: number; switch: number; unseen: number };
  infrastructure: { what: string; provider: string; hosts: number; dependencies: string[] }[];
  same_machines: string[]; remains: Remains; options: Option[]; suggested: number | null;
  confidence: number; rehearsal: string[] | null;
}

export interface Policy {
  format: string; text: string; rollback: string;
  rules: { line: string; reason: string; evidence: string[]; last: string | null; count: number }[];
  replay: Record<"allow_known" | "allow_unneeded" | "would_break" | "deny_unneeded" | "deny_attack" | "escape" | "undetermined" | "needs_control", number>
    & { broken: string[]; escapes: string[] };
  holdout: { since: string; sessions: number; legitimate: number; foreseen_to_break: number; unforeseen: number } | null;
  kill: string[];
  hosts: { host: string; name: string | null; macs: string[]; vlans: number[]; segment: string | null; gateway: string | null }[];
}

export interface Seen {
  meant: { kind: string; value: string }[]; seen: boolean; first: string | null; last: string | null;
  bytes_up: number; bytes_down: number; hosts: string[]; certificates: string[];
  asked: { client: string; name: string; server: string; questions: number; answers: number; first: string; last: string; source: string; frame: number }[];
  touched: {
    client: string; service: string; dependency: string | null; protocol: string; how: string[]; shown: string[];
    flows: number; answered: number; bytes_up: number; bytes_down: number; open: boolean;
    first: string; last: string; source: string; frame: number;
  }[];
  hidden: { count: number; encrypted: string[]; proxied: string[]; silent: string[] };
}

export interface Egress {
  bytes_out: number; bytes_in: number; bytes_served: number; population: number;
  destinations: EgressRow[]; served: EgressRow[];
}
export interface EgressRow {
  way: string; host: string; names: string[]; protocols: string[]; bytes_out: number; bytes_in: number;
  flows: number; answered: number; clients: string[]; users: number | null; population: number; rare: boolean;
  first: string; last: string; source: string | null; frame: number | null;
}

export interface Happening {
  time: string; what: string; host: string | null; peer: string | null; service: string | null;
  protocol: string | null; text: string; new: string[]; id: string | null; source: string | null; frame: number | null;
}

export interface Spof {
  count: number;
  nodes: { node: string; kind: string; name: string | null; members: string[]; impact: number; must: string[]; services: number; clients: number }[];
}

export interface Difference {
  result: Record<"hosts" | "services" | "dependencies" | "certificates" | "protocols", { new: string[]; gone: string[] }>;
}

/** Something that happened to the map. */
export interface MapEvent { number: number; event: string; time: string | null; data: Record<string, unknown> }
