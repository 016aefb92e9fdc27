"""The engine: its own thread, its queues, its polls. Nothing in it knows a provider or shows anything."""
