"""What must hold whatever crashes, drops or repeats: races, a storm of faults, and the judge."""
