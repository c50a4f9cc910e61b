"""CloudFront in small: the functions before the cache, in a JavaScript engine, and the cache."""
