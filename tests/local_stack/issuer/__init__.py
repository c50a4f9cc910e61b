"""An OpenID issuer: discovery, keys, authorization code with PKCE, and a one-field sign-in page."""
