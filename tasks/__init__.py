"""The Celery verbs: one task for each stage, and the chain they form."""
