"""The page: contents in, HTML out. Nothing is computed here, and no text reaches the page unescaped."""
