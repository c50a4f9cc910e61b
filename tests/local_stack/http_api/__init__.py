"""API Gateway's HTTP API on this machine: routes, payload format 2.0, CORS, limits."""
