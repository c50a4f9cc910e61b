"""From template.yaml to what is deployed and what is served."""
