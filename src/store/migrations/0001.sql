-- tapmap's history. Times are nanoseconds since 1970 UTC; `first` and `last` are the first and the last
-- time that something was seen. The views below give times and hosts as people read them.

-- Something kept once: when it was made, how far it is rolled up.
CREATE TABLE meta (name TEXT PRIMARY KEY, value INTEGER NOT NULL) STRICT, WITHOUT ROWID;

-- One row each time that somebody began to write.
CREATE TABLE run (
  id INTEGER PRIMARY KEY,
  writer TEXT NOT NULL,            -- program and version
  ended INTEGER NOT NULL DEFAULT 0 -- 1: it ended by itself, and was not killed
) STRICT;

-- What packets came from: a capture, an interface. Frames are numbered in their source.
CREATE TABLE source (
  id INTEGER PRIMARY KEY,
  path TEXT NOT NULL,
  format TEXT,
  sha256 TEXT,
  bytes INTEGER NOT NULL,
  link_types TEXT NOT NULL,        -- separated by commas
  packets INTEGER NOT NULL,
  first INTEGER,
  last INTEGER,
  problem TEXT
) STRICT;

-- When the tap was watched.
CREATE TABLE watched (
  id INTEGER PRIMARY KEY,
  source INTEGER NOT NULL,         -- of an interface, or of the first of several
  first INTEGER NOT NULL,
  last INTEGER NOT NULL
) STRICT;

-- Whatever is counted, by hour since 1970.
CREATE TABLE counter (
  name TEXT NOT NULL,
  hour INTEGER NOT NULL,
  count INTEGER NOT NULL,
  PRIMARY KEY (name, hour)
) STRICT, WITHOUT ROWID;

-- Every address that anything here speaks of. `first` is null for one that was only spoken of.
CREATE TABLE host (
  id INTEGER PRIMARY KEY,
  realm TEXT NOT NULL,             -- '' for the tapped network, else the overlay: vxlan:100
  address TEXT NOT NULL,
  first INTEGER,
  last INTEGER,
  active INTEGER NOT NULL DEFAULT 0, -- took part in more than unanswered attempts
  UNIQUE (address, realm)
) STRICT;

CREATE TABLE host_mac (
  host INTEGER NOT NULL REFERENCES host,
  mac TEXT NOT NULL,
  first INTEGER NOT NULL,
  PRIMARY KEY (host, mac)
) STRICT, WITHOUT ROWID;

CREATE TABLE host_vlan (
  host INTEGER NOT NULL REFERENCES host,
  vlan INTEGER NOT NULL,
  first INTEGER NOT NULL,
  PRIMARY KEY (host, vlan)
) STRICT, WITHOUT ROWID;

CREATE TABLE role (
  host INTEGER NOT NULL REFERENCES host,
  role TEXT NOT NULL,
  first INTEGER NOT NULL,
  PRIMARY KEY (host, role)
) STRICT, WITHOUT ROWID;

-- Names of hosts, or of machines (mac) that have no address yet.
CREATE TABLE name (
  host INTEGER NOT NULL,           -- 0: a machine's
  mac TEXT NOT NULL,               -- '': a host's
  source TEXT NOT NULL,
  name TEXT NOT NULL,
  first INTEGER NOT NULL,
  last INTEGER NOT NULL,
  PRIMARY KEY (host, mac, source, name)
) STRICT, WITHOUT ROWID;

-- Which machine held an address, as DHCP leased it ('lease') or as the machine said ('neighbour').
CREATE TABLE holding (
  host INTEGER NOT NULL REFERENCES host,
  mac TEXT NOT NULL,
  source TEXT NOT NULL,
  first INTEGER NOT NULL,
  last INTEGER NOT NULL,
  PRIMARY KEY (host, mac, source)
) STRICT, WITHOUT ROWID;

-- Software and TLS of a service, one row a fact: product, version, sni, alpn, ja4, certificate,
-- resumed, ech, tls.
CREATE TABLE service_fact (
  server INTEGER NOT NULL REFERENCES host,
  port INTEGER NOT NULL,
  transport TEXT NOT NULL,
  kind TEXT NOT NULL,
  value TEXT NOT NULL,
  first INTEGER NOT NULL,
  PRIMARY KEY (server, port, transport, kind, value)
) STRICT, WITHOUT ROWID;

-- Who uses what, and all that its ended flows add up to.
CREATE TABLE edge (
  id INTEGER PRIMARY KEY,
  client INTEGER NOT NULL REFERENCES host,
  server INTEGER NOT NULL REFERENCES host,
  port INTEGER NOT NULL,
  transport TEXT NOT NULL,
  first INTEGER NOT NULL,
  last INTEGER NOT NULL,
  flows INTEGER NOT NULL,
  failed INTEGER NOT NULL,
  answered INTEGER NOT NULL,
  observed INTEGER NOT NULL,
  one_sided INTEGER NOT NULL,
  packets_to_server INTEGER NOT NULL,
  bytes_to_server INTEGER NOT NULL,
  packets_to_client INTEGER NOT NULL,
  bytes_to_client INTEGER NOT NULL,
  opened_by_client INTEGER NOT NULL,
  opened_by_server INTEGER NOT NULL,
  evidence TEXT NOT NULL,
  confidence REAL NOT NULL,
  decided INTEGER NOT NULL,
  capability TEXT,
  purposes INTEGER NOT NULL,
  conflicts INTEGER NOT NULL,
  longest INTEGER NOT NULL,
  protocols TEXT NOT NULL,         -- with the number of flows: 'http=5 tls=2'
  recognised INTEGER NOT NULL,
  unrecognised INTEGER NOT NULL,
  hours BLOB NOT NULL,             -- in which flows were open: differences, packed
  unseen INTEGER NOT NULL,
  retransmitted INTEGER NOT NULL,
  UNIQUE (server, port, transport, client)
) STRICT;

-- The same for the flows that ended in one hour, and the minutes in which the edge was seen active: bit 0
-- is the first minute. An hour through which a flow only went on has flows = 0.
CREATE TABLE edge_hour (
  hour INTEGER NOT NULL,           -- since 1970
  edge INTEGER NOT NULL REFERENCES edge,
  minutes INTEGER NOT NULL,
  first INTEGER NOT NULL,
  last INTEGER NOT NULL,
  flows INTEGER NOT NULL,
  failed INTEGER NOT NULL,
  answered INTEGER NOT NULL,
  observed INTEGER NOT NULL,
  one_sided INTEGER NOT NULL,
  packets_to_server INTEGER NOT NULL,
  bytes_to_server INTEGER NOT NULL,
  packets_to_client INTEGER NOT NULL,
  bytes_to_client INTEGER NOT NULL,
  opened_by_client INTEGER NOT NULL,
  opened_by_server INTEGER NOT NULL,
  evidence TEXT NOT NULL,
  confidence REAL NOT NULL,
  decided INTEGER NOT NULL,
  capability TEXT,
  purposes INTEGER NOT NULL,
  conflicts INTEGER NOT NULL,
  longest INTEGER NOT NULL,
  protocols TEXT NOT NULL,         -- with the number of flows: 'http=5 tls=2'
  recognised INTEGER NOT NULL,
  unrecognised INTEGER NOT NULL,
  hours BLOB NOT NULL,             -- in which flows were open: differences, packed
  unseen INTEGER NOT NULL,
  retransmitted INTEGER NOT NULL,
  PRIMARY KEY (hour, edge)
) STRICT, WITHOUT ROWID;

-- All that the flows of an edge added up to by the end of a day: one row for each day on which some ended
-- that is over. `hours` is left empty; those of the edge itself say it.
CREATE TABLE edge_day (
  edge INTEGER NOT NULL REFERENCES edge,
  day INTEGER NOT NULL,            -- since 1970
  first INTEGER NOT NULL,
  last INTEGER NOT NULL,
  flows INTEGER NOT NULL,
  failed INTEGER NOT NULL,
  answered INTEGER NOT NULL,
  observed INTEGER NOT NULL,
  one_sided INTEGER NOT NULL,
  packets_to_server INTEGER NOT NULL,
  bytes_to_server INTEGER NOT NULL,
  packets_to_client INTEGER NOT NULL,
  bytes_to_client INTEGER NOT NULL,
  opened_by_client INTEGER NOT NULL,
  opened_by_server INTEGER NOT NULL,
  evidence TEXT NOT NULL,
  confidence REAL NOT NULL,
  decided INTEGER NOT NULL,
  capability TEXT,
  purposes INTEGER NOT NULL,
  conflicts INTEGER NOT NULL,
  longest INTEGER NOT NULL,
  protocols TEXT NOT NULL,         -- with the number of flows: 'http=5 tls=2'
  recognised INTEGER NOT NULL,
  unrecognised INTEGER NOT NULL,
  hours BLOB NOT NULL,             -- in which flows were open: differences, packed
  unseen INTEGER NOT NULL,
  retransmitted INTEGER NOT NULL,
  PRIMARY KEY (edge, day)
) STRICT, WITHOUT ROWID;

-- Flows of the same two endpoints that do not show who the client is: other flows decide when asked.
-- Read with `a` as the client.
CREATE TABLE undecided (
  id INTEGER PRIMARY KEY,
  a INTEGER NOT NULL REFERENCES host,
  a_port INTEGER NOT NULL,
  b INTEGER NOT NULL REFERENCES host,
  b_port INTEGER NOT NULL,
  transport TEXT NOT NULL,
  ledger INTEGER NOT NULL,
  first INTEGER NOT NULL,
  last INTEGER NOT NULL,
  flows INTEGER NOT NULL,
  failed INTEGER NOT NULL,
  answered INTEGER NOT NULL,
  observed INTEGER NOT NULL,
  one_sided INTEGER NOT NULL,
  packets_to_server INTEGER NOT NULL,
  bytes_to_server INTEGER NOT NULL,
  packets_to_client INTEGER NOT NULL,
  bytes_to_client INTEGER NOT NULL,
  opened_by_client INTEGER NOT NULL,
  opened_by_server INTEGER NOT NULL,
  evidence TEXT NOT NULL,
  confidence REAL NOT NULL,
  decided INTEGER NOT NULL,
  capability TEXT,
  purposes INTEGER NOT NULL,
  conflicts INTEGER NOT NULL,
  longest INTEGER NOT NULL,
  protocols TEXT NOT NULL,         -- with the number of flows: 'http=5 tls=2'
  recognised INTEGER NOT NULL,
  unrecognised INTEGER NOT NULL,
  hours BLOB NOT NULL,             -- in which flows were open: differences, packed
  unseen INTEGER NOT NULL,
  retransmitted INTEGER NOT NULL,
  UNIQUE (a, a_port, b, b_port, transport)
) STRICT;

-- Attempts that were too many to keep one by one.
CREATE TABLE scan (
  host INTEGER NOT NULL REFERENCES host,
  side TEXT NOT NULL,              -- 'source': who tried; 'target': upon whom
  attempts INTEGER NOT NULL,
  first INTEGER NOT NULL,
  last INTEGER NOT NULL,
  addresses BLOB NOT NULL,         -- sketch of the distinct addresses at the other end
  ports BLOB NOT NULL,             -- sketch of the distinct ports
  PRIMARY KEY (side, host)
) STRICT, WITHOUT ROWID;

CREATE TABLE ping (
  client INTEGER NOT NULL REFERENCES host,
  server INTEGER NOT NULL REFERENCES host,
  requests INTEGER NOT NULL,
  replies INTEGER NOT NULL,
  first INTEGER NOT NULL,
  last INTEGER NOT NULL,
  PRIMARY KEY (client, server)
) STRICT, WITHOUT ROWID;

CREATE TABLE certificate (
  id INTEGER PRIMARY KEY,
  sha256 TEXT NOT NULL UNIQUE,
  spki_sha256 TEXT NOT NULL,
  serial TEXT NOT NULL,
  subject TEXT NOT NULL,
  issuer TEXT NOT NULL,
  not_before INTEGER NOT NULL,
  not_after INTEGER NOT NULL,
  san TEXT NOT NULL,               -- JSON list
  key_algorithm TEXT NOT NULL,
  key_bits INTEGER,
  signature_algorithm TEXT NOT NULL,
  is_ca INTEGER NOT NULL,
  self_issued INTEGER NOT NULL,
  self_signed INTEGER,
  problem TEXT
) STRICT;

CREATE TABLE certificate_place (
  id INTEGER PRIMARY KEY,
  certificate INTEGER NOT NULL REFERENCES certificate,
  server INTEGER NOT NULL REFERENCES host,
  port INTEGER NOT NULL,
  transport TEXT NOT NULL,
  presented_by TEXT NOT NULL,      -- 'server' or 'client'
  client INTEGER,
  sni TEXT,
  position INTEGER NOT NULL,       -- in the chain, 0 for the leaf
  first INTEGER NOT NULL,
  last INTEGER NOT NULL,
  source INTEGER NOT NULL,         -- the first frame that shows it
  frame INTEGER NOT NULL,
  time INTEGER NOT NULL
) STRICT;
CREATE INDEX certificate_place_of ON certificate_place (certificate);

CREATE TABLE certificate_client (
  place INTEGER NOT NULL REFERENCES certificate_place ON DELETE CASCADE,
  client INTEGER NOT NULL REFERENCES host,
  first INTEGER NOT NULL,
  PRIMARY KEY (place, client)
) STRICT, WITHOUT ROWID;

-- Insecure practices.
CREATE TABLE sighting (
  id INTEGER PRIMARY KEY,
  practice TEXT NOT NULL,
  state TEXT NOT NULL,
  host INTEGER NOT NULL REFERENCES host,
  server INTEGER,
  port INTEGER,
  transport TEXT,
  count INTEGER NOT NULL,
  first INTEGER NOT NULL,
  last INTEGER NOT NULL
) STRICT;
CREATE INDEX sighting_of ON sighting (host, practice, state);

CREATE TABLE sighting_client (
  sighting INTEGER NOT NULL REFERENCES sighting ON DELETE CASCADE,
  client INTEGER NOT NULL REFERENCES host,
  first INTEGER NOT NULL,
  PRIMARY KEY (sighting, client)
) STRICT, WITHOUT ROWID;

CREATE TABLE sighting_proof (
  sighting INTEGER NOT NULL REFERENCES sighting ON DELETE CASCADE,
  time INTEGER NOT NULL,
  source INTEGER NOT NULL,
  frame INTEGER NOT NULL,
  what TEXT NOT NULL,
  PRIMARY KEY (sighting, time, source, frame, what)
) STRICT, WITHOUT ROWID;

-- One row a flow. Flows that go on (open = 1) stand as they were last told of.
CREATE TABLE flow (
  id INTEGER PRIMARY KEY,
  client INTEGER NOT NULL REFERENCES host,
  client_port INTEGER NOT NULL,
  server INTEGER NOT NULL REFERENCES host,
  server_port INTEGER NOT NULL,
  transport TEXT NOT NULL,
  first INTEGER NOT NULL,
  last INTEGER NOT NULL,
  open INTEGER NOT NULL,
  source INTEGER NOT NULL,         -- the frame of its first packet
  frame INTEGER NOT NULL,
  packets_to_server INTEGER NOT NULL,
  bytes_to_server INTEGER NOT NULL,
  payload_to_server INTEGER NOT NULL,
  packets_to_client INTEGER NOT NULL,
  bytes_to_client INTEGER NOT NULL,
  payload_to_client INTEGER NOT NULL,
  ledger INTEGER NOT NULL,         -- evidence for its direction
  outcome INTEGER NOT NULL,        -- 1 answered, 2 refused, 4 ended, 8 one-sided, 16 and 32 acknowledged by client and server, 64 TLS, 128 more turns than kept
  unseen INTEGER NOT NULL,
  retransmitted INTEGER NOT NULL,
  protocol TEXT,
  capability TEXT,
  purposes INTEGER NOT NULL,
  client_mac INTEGER NOT NULL,
  server_mac INTEGER NOT NULL,
  client_vlan INTEGER NOT NULL,
  server_vlan INTEGER NOT NULL
) STRICT;
CREATE INDEX flow_first ON flow (first);
CREATE INDEX flow_open ON flow (open) WHERE open = 1;
CREATE INDEX flow_long ON flow (last) WHERE last - first > 3600000000000;

-- When the sides of a flow took turns, packed: what services need each other is read from it.
CREATE TABLE exchange (flow INTEGER PRIMARY KEY REFERENCES flow ON DELETE CASCADE, turns BLOB NOT NULL) STRICT;

-- Bytes that pass unchanged from flow to flow, as the first 64 bits of their SHA-256.
CREATE TABLE token (
  id INTEGER PRIMARY KEY,
  time INTEGER NOT NULL,
  client INTEGER NOT NULL REFERENCES host,
  client_port INTEGER NOT NULL,
  server INTEGER NOT NULL REFERENCES host,
  server_port INTEGER NOT NULL,
  transport TEXT NOT NULL,
  kind TEXT NOT NULL,
  hash INTEGER NOT NULL,
  sent_by TEXT NOT NULL
) STRICT;
CREATE INDEX token_time ON token (time);

-- Names, fingerprints and users, and who showed them to whom.
CREATE TABLE indication (
  kind TEXT NOT NULL,
  text TEXT NOT NULL,
  client INTEGER NOT NULL REFERENCES host,
  server INTEGER NOT NULL REFERENCES host,
  port INTEGER NOT NULL,
  transport TEXT NOT NULL,
  first INTEGER NOT NULL,
  last INTEGER NOT NULL,
  source INTEGER NOT NULL,         -- the frame that showed it first
  frame INTEGER NOT NULL,
  count INTEGER NOT NULL,
  PRIMARY KEY (kind, text, client, server, port, transport)
) STRICT, WITHOUT ROWID;

CREATE VIEW host_id AS
  SELECT id, CASE realm WHEN '' THEN address ELSE realm || '/' || address END AS host FROM host;

CREATE VIEW dependency AS
  SELECT c.host AS client, s.host AS server, port, transport, protocols, flows, answered, failed,
    bytes_to_server, bytes_to_client, evidence, round(confidence, 3) AS confidence,
    datetime(first / 1000000000, 'unixepoch') AS first, datetime(last / 1000000000, 'unixepoch') AS last
  FROM edge JOIN host_id c ON c.id = edge.client JOIN host_id s ON s.id = edge.server
  WHERE flows > 0;

CREATE VIEW flow_record AS
  SELECT c.host AS client, client_port, s.host AS server, server_port, flow.transport, protocol,
    datetime(first / 1000000000, 'unixepoch') AS first, datetime(last / 1000000000, 'unixepoch') AS last,
    open, bytes_to_server, bytes_to_client, packets_to_server, packets_to_client,
    outcome & 1 AS answered, outcome >> 1 & 1 AS refused
  FROM flow JOIN host_id c ON c.id = flow.client JOIN host_id s ON s.id = flow.server;

CREATE VIEW host_seen AS
  SELECT h.host, datetime(first / 1000000000, 'unixepoch') AS first,
    datetime(last / 1000000000, 'unixepoch') AS last,
    (SELECT group_concat(mac, ' ') FROM host_mac WHERE host = h.id) AS macs,
    (SELECT group_concat(DISTINCT name) FROM name WHERE host = h.id) AS names
  FROM host JOIN host_id h USING (id) WHERE first IS NOT NULL;
