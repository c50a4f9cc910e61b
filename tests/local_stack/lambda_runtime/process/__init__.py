"""What runs inside the processes of a function; standard library only."""
