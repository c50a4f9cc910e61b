"""Who we are to push services: a key pair that follows from the stack's secret (RFC 8292)."""

from __future__ import annotations

from base64 import urlsafe_b64encode

from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

# Order of P-256 (FIPS 186-5 and SP 800-186, section 3.2.1.3).
_ORDER = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551
# Bytes: 128 bits more than the order has, so that no key is likelier (FIPS 186-5, A.2.1).
_SEED = 48
_INFO = b"afterimage web push vapid"


def private_key(secret: str) -> ec.EllipticCurvePrivateKey:
    """The key of a secret; CloudFormation generates texts, and no keys of this kind."""
    seed = HKDF(SHA256(), _SEED, salt=None, info=_INFO).derive(secret.encode())
    return ec.derive_private_key(int.from_bytes(seed) % (_ORDER - 1) + 1, ec.SECP256R1())


def public_key(private: ec.EllipticCurvePrivateKey) -> str:
    """An uncompressed point as base64url, which is what a browser subscribes with."""
    point = private.public_key().public_bytes(Encoding.X962, PublicFormat.UncompressedPoint)
    return base64url(point)


def public_key_of(secret: str) -> str:
    """The same of a secret."""
    return public_key(private_key(secret))


def base64url(data: bytes) -> str:
    """Without padding, as Web Push has it everywhere."""
    return urlsafe_b64encode(data).rstrip(b"=").decode()
