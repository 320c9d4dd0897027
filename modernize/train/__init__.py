"""Training: budgets, schedule, optimizer, loop."""
