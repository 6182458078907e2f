"""`/api/v1`: what programs with an access token read and write (docs/api.md).

An `Operation` says all of one method of one address: its scope, its parameters, its body and its
answers. The same value is served (serving.py), described as OpenAPI (openapi.py) and printed as the
reference page (reference.py), so that they cannot tell different stories.
"""
