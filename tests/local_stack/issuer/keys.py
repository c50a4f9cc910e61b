"""The issuer's two signing keys: ES256 as Supabase Auth signs, RS256 as Cognito and Auth0 do."""

import json
from pathlib import Path
from typing import Any

from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    load_pem_private_key,
)
from jwt.algorithms import ECAlgorithm, RSAAlgorithm

from tests.local_stack.states import write_file

_FILE = "issuer-keys.json"
PrivateKey = ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey


class SigningKeys:
    """Private keys by algorithm, with their key ids."""

    def __init__(self, keys: dict[str, PrivateKey]) -> None:
        self._keys = keys

    def private(self, algorithm: str) -> PrivateKey:
        """The key that signs with "ES256" or "RS256"."""
        return self._keys[algorithm]

    def key_id(self, algorithm: str) -> str:
        """The "kid" of tokens signed with that algorithm."""
        return f"local-{algorithm.lower()}"

    def public_set(self) -> dict[str, Any]:
        """The JSON Web Key Set (RFC 7517)."""
        return {"keys": [self._public(name, key) for name, key in self._keys.items()]}

    def _public(self, algorithm: str, key: PrivateKey) -> dict[str, Any]:
        if isinstance(key, rsa.RSAPrivateKey):
            public = RSAAlgorithm.to_jwk(key.public_key(), as_dict=True)
        else:
            public = ECAlgorithm.to_jwk(key.public_key(), as_dict=True)
        public.pop("key_ops", None)
        return {**public, "kid": self.key_id(algorithm), "use": "sig", "alg": algorithm}


def signing_keys(state_dir: Path | None) -> SigningKeys:
    """New keys, or those that an earlier run left in `state_dir`."""
    file = state_dir / _FILE if state_dir else None
    if file is not None and file.exists():
        stored = json.loads(file.read_text())
        return SigningKeys({name: _load(text) for name, text in stored.items()})
    keys: dict[str, PrivateKey] = {
        "ES256": ec.generate_private_key(ec.SECP256R1()),
        "RS256": rsa.generate_private_key(65537, 2048),
    }
    if file is not None:
        write_file(file, json.dumps({name: _dump(key) for name, key in keys.items()}))
    return SigningKeys(keys)


def _load(text: str) -> PrivateKey:
    key = load_pem_private_key(text.encode(), None)
    if not isinstance(key, PrivateKey):
        raise TypeError("not one of the issuer's keys")
    return key


def _dump(key: PrivateKey) -> str:
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()
