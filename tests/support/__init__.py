"""What several groups of tests share: adapters in memory, test data, a reader of template.yaml."""
