"""Run a server as an ordinary user when we are root: PostgreSQL refuses root, and Valkey does not need it.

No permission is changed and no user is added. In a user namespace of its own the server sees itself as an
ordinary user while the kernel still takes its files for ours, so folders closed to others are no hindrance.
Where root may make no namespace, as in Docker with its default seccomp profile, the server becomes that user
and keeps one capability, to pass through such folders.
"""

from __future__ import annotations

import os
import pwd
import shutil
import subprocess
from collections.abc import Iterator

from reelmill.embedded.failures import ServerUnavailable


def as_ordinary_user(command: list[str]) -> list[str]:
    """Prefix the command so that it does not run as root. Raises `ServerUnavailable` where that is refused."""
    if os.geteuid() != 0:
        return command
    refusals = []
    for prefix in _prefixes():
        trial = subprocess.run([*prefix, "true"], capture_output=True, text=True, check=False)
        if trial.returncode == 0:
            return [*prefix, *command]
        refusals.append(trial.stderr)
    raise ServerUnavailable(
        "PostgreSQL does not run as root, and root may not change its user here: run Reelmill as an ordinary "
        "user, or set REELMILL_DATABASE_URL and REELMILL_BROKER_URL to servers of your own.",
        evidence="".join(refusals),
    )


def _prefixes() -> Iterator[list[str]]:
    """The ways to leave root, the better first; both tools are part of util-linux."""
    user = _ordinary_user()
    if user is not None and (unshare := shutil.which("unshare")):
        yield [unshare, "--user", f"--map-user={user.pw_uid}", f"--map-group={user.pw_gid}", "--"]
    if user is not None and (setpriv := shutil.which("setpriv")):
        identity = [f"--reuid={user.pw_uid}", f"--regid={user.pw_gid}", "--clear-groups"]
        yield [setpriv, *identity, "--inh-caps=+dac_override", "--ambient-caps=+dac_override", "--"]


def _ordinary_user() -> pwd.struct_passwd | None:
    """Any user but root that the machine knows by name, because initdb looks its own user up."""
    users = [user for user in pwd.getpwall() if user.pw_uid != 0]
    return next((user for user in users if user.pw_name == "nobody"), users[0] if users else None)
