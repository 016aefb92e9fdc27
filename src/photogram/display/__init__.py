"""Pure functions from domain values to HTML and thumbnail bytes: what a notebook shows, with no widget."""
