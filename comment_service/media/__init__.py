"""Images: taken in, judged by their bytes, kept by their content, and let go when no comment shows them."""
