from __future__ import annotations

from faulty.disks import small_disk

__all__ = ["small_disk"]
