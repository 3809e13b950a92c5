"""describe: providers that watch a proxy and say what it shows."""
