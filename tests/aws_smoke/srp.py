"""Secure Remote Password, as Cognito speaks it: the password never leaves this machine.

It is the only way with a password that the page's client allows (`ALLOW_USER_SRP_AUTH`).
SRP-6a (RFC 5054) over the 3072-bit group of RFC 3526 with SHA-256. How Cognito pads numbers, makes
the key and signs is not in its documentation; it is what amazon-cognito-identity-js does.
"""

import base64
import hashlib
import hmac
import secrets
from collections.abc import Mapping
from datetime import UTC, datetime

_N = int(
    "FFFFFFFFFFFFFFFFC90FDAA22168C234C4C6628B80DC1CD129024E088A67CC74"
    "020BBEA63B139B22514A08798E3404DDEF9519B3CD3A431B302B0A6DF25F1437"
    "4FE1356D6D51C245E485B576625E7EC6F44C42E9A637ED6B0BFF5CB6F406B7ED"
    "EE386BFB5A899FA5AE9F24117C4B1FE649286651ECE45B3DC2007CB8A163BF05"
    "98DA48361C55D39A69163FA8FD24CF5F83655D23DCA3AD961C62F356208552BB"
    "9ED529077096966D670C354E4ABC9804F1746C08CA18217C32905E462E36CE3B"
    "E39E772C180E86039B2783A2EC07A28FB5C55DF06F4C52C9DE2BCBF695581718"
    "3995497CEA956AE515D2261898FA051015728E5A8AAAC42DAD33170D04507A33"
    "A85521ABDF1CBA64ECFB850458DBEF0A8AEA71575D060C7DB3970F85A6E1E4C7"
    "ABF5AE8CDB0933D71E8C94E04A25619DCEE3D2261AD2EE6BF12FFA06D98A0864"
    "D87602733EC86A64521F2B18177B200CBBE117577A615D6C770988C0BAD946E2"
    "08E24FA074E5AB3143DB5BFCE0FD108E4B82D120A93AD2CAFFFFFFFFFFFFFFFF",
    16,
)
_G = 2
_KEY_BYTES = 16
_KEY_INFO = b"Caldera Derived Key"
# In English, whatever this machine's language is.
_WEEKDAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")


class Srp:
    """One sign-in.

    Args:
        pool_id: of the user pool, "eu-central-1_AbCdEf".
        secret: the number that only we know; by chance unless a test names one.
    """

    def __init__(self, pool_id: str, password: str, secret: int | None = None) -> None:
        self._pool_name = pool_id.partition("_")[2]
        self._password = password
        self._a = secret if secret is not None else secrets.randbits(1024)
        self._public = pow(_G, self._a, _N)

    @property
    def public(self) -> str:
        """`SRP_A` of InitiateAuth, in hexadecimal digits."""
        return f"{self._public:x}"

    def answer(self, challenge: Mapping[str, str], now: datetime) -> dict[str, str]:
        """`ChallengeResponses` to a `PASSWORD_VERIFIER` with these parameters."""
        user = challenge["USER_ID_FOR_SRP"]
        block = challenge["SECRET_BLOCK"]
        timestamp = _timestamp(now)
        signed = self._pool_name.encode() + user.encode() + base64.b64decode(block)
        key = self._key(user, int(challenge["SRP_B"], 16), int(challenge["SALT"], 16))
        signature = hmac.digest(key, signed + timestamp.encode(), "sha256")
        return {
            "USERNAME": user,
            "TIMESTAMP": timestamp,
            "PASSWORD_CLAIM_SECRET_BLOCK": block,
            "PASSWORD_CLAIM_SIGNATURE": base64.b64encode(signature).decode(),
        }

    def _key(self, user: str, theirs: int, salt: int) -> bytes:
        """What both sides derive, and nobody else."""
        scrambler = _hash(_padded(self._public), _padded(theirs))
        multiplier = _hash(_padded(_N), _padded(_G))
        identity = hashlib.sha256(f"{self._pool_name}{user}:{self._password}".encode()).digest()
        x = _hash(_padded(salt), identity)
        base = (theirs - multiplier * pow(_G, x, _N)) % _N
        shared = pow(base, self._a + scrambler * x, _N)
        # HKDF (RFC 5869), of which the first block is enough.
        extracted = hmac.digest(_padded(scrambler), _padded(shared), "sha256")
        return hmac.digest(extracted, _KEY_INFO + b"\x01", "sha256")[:_KEY_BYTES]


def _padded(number: int) -> bytes:
    """Big-endian, with a zero in front where the number would look negative."""
    return number.to_bytes(number.bit_length() // 8 + 1, "big")


def _hash(*parts: bytes) -> int:
    return int.from_bytes(hashlib.sha256(b"".join(parts)).digest(), "big")


def _timestamp(now: datetime) -> str:
    """As "Sun Nov 9 10:00:00 UTC 2026"."""
    now = now.astimezone(UTC)
    day = f"{_WEEKDAYS[now.weekday()]} {_MONTHS[now.month - 1]} {now.day}"
    return f"{day} {now:%H:%M:%S} UTC {now.year}"
