"""Demand: provider × scenario → plan → kernels → activity by run and year."""
