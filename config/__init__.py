"""What the processes are configured with: queues, broker, genres, Flower."""
