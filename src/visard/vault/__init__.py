"""The cellar: originals, sealed for those who hold a key. The format is docs/vault.md; only `seal` touches `hazmat`."""
