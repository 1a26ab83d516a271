"""Ports for the servers of tests."""

import contextlib
import random
import socket

# Below those that Linux gives to whoever does not ask for one, such as a kernel that starts
# between the choice and the server.
RANGE = range(20_000, 32_768)


def free_ports(count: int) -> list[int]:
    """Different ports of this machine on which nobody listens, nor will by chance.

    Raises
    ------
    OSError
        If there are none.
    """
    found = []
    for port in random.SystemRandom().sample(RANGE, len(RANGE)):
        with socket.socket() as one, contextlib.suppress(OSError):
            one.bind(("127.0.0.1", port))
            found.append(port)
        if len(found) == count:
            return found
    raise OSError(f"fewer than {count} ports are free")
