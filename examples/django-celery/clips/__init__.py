"""Clips that customers order."""
