"""An authenticator in software: makes passkeys and answers challenges, in a browser's words."""

from __future__ import annotations

import hashlib
import json
import secrets
from base64 import urlsafe_b64decode, urlsafe_b64encode
from dataclasses import dataclass, field
from typing import Any

import cbor2
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256

PRESENT, VERIFIED, ATTESTED = 0x01, 0x04, 0x40
ORIGIN = "http://localhost:8080"


def b64(value: bytes) -> str:
    return urlsafe_b64encode(value).rstrip(b"=").decode()


def unb64(value: str) -> bytes:
    return urlsafe_b64decode(value + "=" * (-len(value) % 4))


@dataclass
class SoftAuthenticator:
    """One passkey. A test changes what an attacker would: origin, relying party, flags, count."""

    origin: str = ORIGIN
    party: str = "localhost"
    flags: int = PRESENT | VERIFIED
    count: int = 0
    handle: bytes = b""
    credential: bytes = field(default_factory=lambda: secrets.token_bytes(32))
    key: ec.EllipticCurvePrivateKey = field(
        default_factory=lambda: ec.generate_private_key(ec.SECP256R1())
    )

    def create(self, options: str, **changed: str) -> str:
        """The answer to a registration's options."""
        asked = json.loads(options)
        self.handle = unb64(asked["user"]["id"])
        numbers = self.key.public_key().public_numbers()
        x, y = (it.to_bytes(32, "big") for it in (numbers.x, numbers.y))
        public = cbor2.dumps({1: 2, 3: -7, -1: 1, -2: x, -3: y})
        size = len(self.credential).to_bytes(2, "big")
        attested = bytes(16) + size + self.credential + public
        data = self._data(self.flags | ATTESTED) + attested
        attestation = cbor2.dumps({"fmt": "none", "attStmt": {}, "authData": data})
        client = self._client("webauthn.create", asked["challenge"], changed)
        return self._answer(clientDataJSON=client, attestationObject=attestation)

    def get(self, options: str, **changed: str) -> str:
        """The answer to a sign-in's options."""
        client = self._client("webauthn.get", json.loads(options)["challenge"], changed)
        data = self._data(self.flags)
        signed = self.key.sign(data + hashlib.sha256(client).digest(), ec.ECDSA(SHA256()))
        return self._answer(
            clientDataJSON=client,
            authenticatorData=data,
            signature=signed,
            userHandle=self.handle,
        )

    def _data(self, flags: int) -> bytes:
        party = hashlib.sha256(self.party.encode()).digest()
        return party + bytes([flags]) + self.count.to_bytes(4, "big")

    def _client(self, act: str, challenge: str, changed: dict[str, str]) -> bytes:
        said = {"type": act, "challenge": challenge, "origin": self.origin} | changed
        return json.dumps(said).encode()

    def _answer(self, **response: bytes) -> str:
        said: dict[str, Any] = {"id": b64(self.credential), "rawId": b64(self.credential)}
        said |= {"type": "public-key", "response": {key: b64(it) for key, it in response.items()}}
        return json.dumps(said)
