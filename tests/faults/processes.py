"""Which process sent a request, and its end. Linux only: by its netlink and /proc."""

from __future__ import annotations

import contextlib
import os
import signal
import socket
import struct
import sys
import time
from collections.abc import Iterable
from pathlib import Path

IS_SUPPORTED = sys.platform == "linux" and Path("/proc/net/tcp").exists()

_PROC = Path("/proc")
_LOOPBACK = "0100007F"  # 127.0.0.1 as /proc/net/tcp writes it
_INODE_COLUMN = 9
_READINGS = 5
_DEATH_SECONDS = 2.0
# linux/netlink.h, linux/sock_diag.h and linux/inet_diag.h
_NETLINK_SOCK_DIAG = 4
_SOCK_DIAG_BY_FAMILY = 20
_NETLINK_HEAD = struct.Struct("=IHHII")  # length, type, flags (a request), number, port
_DIAG_REQUEST = struct.Struct("=BBxxI")  # family, protocol, states; the ends follow
_ANY_STATE = 0xFFFF_FFFF
_ANY_SOCKET = b"\0" * 4 + b"\xff" * 8  # interface, cookie
_INODE_AT = 68  # of `inet_diag_msg`


def sender_of(
    client_port: int, server_port: int, root: int, likely: Iterable[int] = ()
) -> int | None:
    """The descendant of `root` that holds the client's end of a loopback connection.

    Args:
        likely: processes to look at first, to save the search.
    """
    inode = _told_inode(client_port, server_port) or _listed_inode(client_port, server_port)
    if inode is None:
        return None
    link = f"socket:[{inode}]"
    for pid in likely:
        if _holds(pid, link):
            return pid
    return next((pid for pid in descendants(root) if _holds(pid, link)), None)


def descendants(root: int) -> list[int]:
    """All processes below `root`, youngest first."""
    parents = {}
    for entry in _PROC.iterdir():
        if entry.name.isdigit():
            with contextlib.suppress(OSError):
                # "pid (name) state ppid …"; the name may hold spaces and brackets.
                fields = (entry / "stat").read_text().rpartition(")")[2].split()
                parents[int(entry.name)] = int(fields[1])
    return sorted((pid for pid in parents if _is_below(pid, root, parents)), reverse=True)


def function_of(pid: int) -> str:
    """Folder of the Lambda function that a worker runs; empty if it runs none."""
    with contextlib.suppress(OSError):
        for variable in (_PROC / str(pid) / "environ").read_bytes().split(b"\0"):
            name, _, value = variable.partition(b"=")
            if name == b"AWS_LAMBDA_FUNCTION_NAME":
                return value.decode().partition("-")[2]
    return ""


def kill(pid: int) -> None:
    """SIGKILL, and return once nothing of the process runs any more."""
    with contextlib.suppress(ProcessLookupError):
        os.kill(pid, signal.SIGKILL)
    give_up = time.monotonic() + _DEATH_SECONDS
    while is_running(pid) and time.monotonic() < give_up:
        time.sleep(0.001)


def _told_inode(client_port: int, server_port: int) -> int | None:
    """Of the client's socket, as the kernel tells it of one connection (sock_diag(7)).

    Its list of all takes milliseconds, some of which every request of a new process would wait.
    """
    address = socket.inet_aton("127.0.0.1")
    ends = struct.pack("!HH4s12x4s12x", client_port, server_port, address, address)
    asked = _DIAG_REQUEST.pack(socket.AF_INET, socket.IPPROTO_TCP, _ANY_STATE) + ends + _ANY_SOCKET
    head = _NETLINK_HEAD.pack(_NETLINK_HEAD.size + len(asked), _SOCK_DIAG_BY_FAMILY, 1, 0, 0)
    try:
        with socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, _NETLINK_SOCK_DIAG) as kernel:
            kernel.send(head + asked)
            answer = kernel.recv(4096)
    except OSError:
        return None  # this kernel has only the list
    if _NETLINK_HEAD.unpack_from(answer)[1] != _SOCK_DIAG_BY_FAMILY:
        return None  # it is gone
    inode: int = struct.unpack_from("=I", answer, _NETLINK_HEAD.size + _INODE_AT)[0]
    return inode


def _listed_inode(client_port: int, server_port: int) -> int | None:
    """The same from the list of all (proc_net_tcp(5))."""
    local, remote = f"{_LOOPBACK}:{client_port:04X}", f"{_LOOPBACK}:{server_port:04X}"
    # The kernel gives the table piece by piece; what moves meanwhile may be missing in it.
    for _ in range(_READINGS):
        for line in (_PROC / "net/tcp").read_text().splitlines()[1:]:
            fields = line.split()
            if fields[1] == local and fields[2] == remote:
                return int(fields[_INODE_COLUMN])
    return None


def _holds(pid: int, link: str) -> bool:
    try:
        with os.scandir(_PROC / str(pid) / "fd") as descriptors:
            return any(_target(descriptor.path) == link for descriptor in descriptors)
    except OSError:
        return False


def _target(path: str) -> str:
    try:
        return os.readlink(path)
    except OSError:
        return ""


def _is_below(pid: int, root: int, parents: dict[int, int]) -> bool:
    while pid in parents:
        pid = parents[pid]
        if pid == root:
            return True
    return False


def is_running(pid: int) -> bool:
    """Whether it is neither gone nor a zombie."""
    try:
        state = (_PROC / str(pid) / "stat").read_text().rpartition(")")[2].split()[0]
    except OSError:
        return False
    return state not in "ZX"
