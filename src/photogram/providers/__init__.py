"""Providers: one file each, holding its model cards and what differs from the others."""
