"""The index: vectors in PostgreSQL with pgvector, one table for each space, derived from the ledger."""
