"""Fine-tuning feature extractors as classifiers of the seen classes."""
