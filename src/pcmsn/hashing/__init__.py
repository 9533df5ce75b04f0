"""Binary codes: iterative quantisation (ITQ) and Hamming distances."""
