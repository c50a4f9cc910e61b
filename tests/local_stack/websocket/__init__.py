"""API Gateway's WebSocket API on this machine: authorizer, routes, limits, management API."""
