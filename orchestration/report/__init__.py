"""The report: pages that a director reads on Monday, made from the published snapshot and nothing else."""
