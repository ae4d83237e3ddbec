"""The service's own names beside ours, both ways, as declared tables; no logic."""
