"""The processes: Celery workers, the dispatcher, and the supervisor that starts them (`python -m workers`)."""
