// Package evidence is what an auditor can check without trusting us: the
// entries of an append-only log, their hashes, signed checkpoints and proofs.
//
// On the road of a fact it stands beside the journal: ledger keeps one leaf for
// every record of the journal and for every act of a person; pack makes
// packages of them, verify checks those offline.
//
// It refuses to invent cryptography: hashes are SHA-256 in the trees of RFC 6962
// (golang.org/x/mod/sumdb/tlog), signatures Ed25519 in signed notes
// (golang.org/x/mod/sumdb/note).
package evidence
