"""SoftHSM2 as the token of these tests. It sees a token only if it was made before the module is loaded, so both are
made first, in one folder for the whole process."""

from __future__ import annotations

import os
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import Any

MODULE = str(Path("/usr/lib/softhsm/libsofthsm2.so").resolve())  # loaded once, by one path
PIN = "1234-of-these-tests"
OID = bytes.fromhex("06032b6570")  # id-Ed25519 (RFC 8410)


def prepare(folder: Path) -> None:
    """Name a folder of tokens to SoftHSM, here and in the processes that are started from here."""
    (folder / "tokens").mkdir()
    text = f"directories.tokendir = {folder}/tokens\nobjectstore.backend = file\nlog.level = ERROR\n"
    (folder / "softhsm2.conf").write_text(text)
    os.environ["SOFTHSM2_CONF"] = str(folder / "softhsm2.conf")


@dataclass(frozen=True)
class Token:
    label: str
    folder: Path  # where the PIN's file lies

    @classmethod
    def made(cls, label: str, folder: Path) -> Token:
        tool = shutil.which("softhsm2-util")
        assert tool, "softhsm2 is not installed: make test-extras"
        words = [tool, "--init-token", "--free", "--label", label, "--pin", PIN, "--so-pin", "5678"]
        subprocess.run(words, check=True, capture_output=True)
        pin = folder / "token.pin"
        pin.write_text(f"{PIN}\n")
        pin.chmod(0o600)
        return cls(label, folder)

    def uri(self, name: str, **changes: str) -> str:
        said = {"token": self.label, "module": MODULE, "pin": str(self.folder / "token.pin"), **changes}
        quoted = name.replace("/", "%2F")
        return f"pkcs11:token={said['token']};object={quoted}?module-path={said['module']}&pin-source={said['pin']}\n"

    def session(self) -> Any:
        """A session that may write, beside those of the code under test."""
        import pkcs11  # noqa: PLC0415 - only `make test-extras` installs it

        library = pkcs11.lib(MODULE)
        found = library.get_token(token_label=self.label)
        try:
            return found.open(rw=True, user_pin=PIN)
        except pkcs11.UserAlreadyLoggedIn:
            return found.open(rw=True)

    def signing(self, name: str, *, extractable: bool = False) -> None:
        """Make an Ed25519 key in the token."""
        import pkcs11  # noqa: PLC0415 - only `make test-extras` installs it

        with self.session() as session:
            about = {pkcs11.Attribute.EC_PARAMS: OID}
            made = session.create_domain_parameters(pkcs11.KeyType.EC_EDWARDS, about, local=True)
            template = {pkcs11.Attribute.EXTRACTABLE: extractable}
            made.generate_keypair(store=True, label=name, private_template=template)

    def secret(self, name: str) -> None:
        """Make a generic secret of 32 bytes, from which a site key follows."""
        import pkcs11  # noqa: PLC0415 - only `make test-extras` installs it

        with self.session() as session:
            mechanism = pkcs11.Mechanism.GENERIC_SECRET_KEY_GEN
            session.generate_key(
                pkcs11.KeyType.GENERIC_SECRET,
                256,
                store=True,
                label=name,
                capabilities=pkcs11.MechanismFlag.SIGN,
                mechanism=mechanism,
            )

    def destroy(self, name: str) -> None:
        """Every object of this label, as an administrator of the token would."""
        import pkcs11  # noqa: PLC0415 - only `make test-extras` installs it

        with self.session() as session:
            for found in list(session.get_objects({pkcs11.Attribute.LABEL: name})):
                found.destroy()
