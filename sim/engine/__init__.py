"""How a declared model is computed. Knows nothing of any country or of research and development."""
