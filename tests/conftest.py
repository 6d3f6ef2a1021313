"""Puts this folder on the import path: tests of any room may import `small_provider`."""
