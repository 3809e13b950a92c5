"""The HTTP door: it writes the ledger and reads it, and knows no Celery."""
