"""The contract tests of the tables against AWS's own DynamoDB Local: `make second-opinion`."""
