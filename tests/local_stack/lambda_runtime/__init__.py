"""Lambda on this machine: worker processes, the Runtime API, the Invoke API and its queue."""
