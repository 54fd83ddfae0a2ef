"""The token endpoint and what stands around it: one module a grant, one place that issues for all of them."""
