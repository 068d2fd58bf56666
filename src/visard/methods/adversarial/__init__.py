"""Machines only: small changes that people hardly see and recognisers stumble over. They need the torch extra."""
