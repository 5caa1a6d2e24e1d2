"""Clients: what runs in a supervised process of its own."""
