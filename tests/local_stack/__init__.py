"""The whole bundle on this machine: `python -m tests.local_stack` runs the real template.yaml.

MiniStack is the engine behind the functions (DynamoDB, S3, Secrets Manager, SSM, IAM, STS);
the gateway in this package serves what stands in front of them: the HTTP API, the WebSocket,
the Lambda runtime with its queue, the pictures and an OpenID issuer.
"""
