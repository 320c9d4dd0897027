"""What trained networks have learnt, looked at from inside."""
