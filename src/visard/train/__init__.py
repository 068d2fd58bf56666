"""The workshop: recipes that make what visard ships, one a file, top to bottom. Nothing else imports it."""
