"""The front door: an HTTP service and the review page, for people who would rather look and click than type."""
