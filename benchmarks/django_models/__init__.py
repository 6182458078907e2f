"""The application that bench_pages compares with: Django's view of our tables."""
