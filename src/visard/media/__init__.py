"""Room 1, IN, and room 8's hand: files become frames, and frames files. Import from its modules."""
