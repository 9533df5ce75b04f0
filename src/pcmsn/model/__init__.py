"""The networks of PCMSN and what they return."""
