"""HTTP and nothing else: authentication, problem answers, request ids, addresses, the OpenAPI document."""
