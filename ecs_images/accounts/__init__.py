"""Real accounts: files in and out, inventory, bounds, findings, bills read and reconciled. Nothing is connected to."""
