//! History that outlives the process: rows, their migrations, and nothing that is live.
