"""Figures as SVG whose colours and fonts are the page's, so that they are readable in light and dark."""
