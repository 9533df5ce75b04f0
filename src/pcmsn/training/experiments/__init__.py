"""Many runs on the same features: in parallel processes, over seeds, printed beside what a paper says."""
