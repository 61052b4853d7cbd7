#!/usr/bin/env python3
"""A hostile executable: system calls as they are, so that no library is in the way. None does harm if it is let through."""
import ctypes
import errno
import json
import os
import platform
import socket
import sys

X64 = platform.machine() == "x86_64"
libc = ctypes.CDLL(None, use_errno=True)


def call(number_x64, number_arm64, *args):
    result = libc.syscall(number_x64 if X64 else number_arm64, *args)
    if result < 0:
        raise OSError(ctypes.get_errno(), "system call")
    return f"returned {result}"


def fast_open(port):
    with socket.socket() as dialled:
        dialled.sendto(b"x", 0x20000000, ("127.0.0.1", port))
    return "sent"


def dial(port, *kind):
    with socket.socket(*kind) as dialled:
        dialled.connect(("127.0.0.1", port))
    return "connected"


def unix(path):
    with socket.socket(socket.AF_UNIX) as dialled:
        dialled.connect(path)
    return "connected"


def silently(attack):
    try:
        attack()
    except OSError:
        pass


def attacks(config, data):
    database = os.path.join(data, "leveret.db").encode()
    key = os.path.join(data, "master.key")
    port = config["port"]
    none = ctypes.c_void_p(None)
    return {
        "read the database": lambda: open(database, "rb").read(),
        "read the list of users": lambda: open("/etc/passwd").read(),
        "link to the database": lambda: os.symlink(database, os.path.join(config["outside"], "link")),
        "hard-link to the database": lambda: os.link(database, os.path.join(config["outside"], "link")),
        "change the owner of the master key": lambda: os.chown(key, 1, 1),
        "change the times of the database": lambda: os.utime(database, (0, 0)),
        "tag the database": lambda: os.setxattr(database, "user.x", b"x"),
        "dial out": lambda: dial(port),
        "dial out by MPTCP": lambda: dial(port, socket.AF_INET, socket.SOCK_STREAM, 262),
        "dial out by sending": lambda: fast_open(port),
        "open a raw socket": lambda: socket.socket(socket.AF_INET, socket.SOCK_RAW, 1) and "opened",
        "open a packet socket": lambda: socket.socket(socket.AF_PACKET, socket.SOCK_RAW) and "opened",
        "open a netlink socket": lambda: socket.socket(socket.AF_NETLINK, socket.SOCK_RAW) and "opened",
        "open the control socket": lambda: unix(os.path.join(data, "control.sock")),
        "use io_uring": lambda: call(425, 425, 8, none),
        "signal the server": lambda: os.kill(os.getppid(), 0),
        "signal everybody": lambda: os.kill(-1, 0),
        "watch the data folder": lambda: call(294, 26, 0),
        "hide from the server": lambda: call(157, 167, 4, 0, 0, 0, 0),
        "keep what the launcher had": lambda: [os.readlink(f"/proc/self/fd/{n}") for n in os.listdir("/proc/self/fd")[:-1]],
        "share memory": lambda: call(29, 194, 4711, 4096, 0o1666),
        "fork": lambda: os.fork() or os._exit(0),
        "execute a shell": lambda: os.execv("/bin/sh", ["sh", "-c", "echo out"]),
        "load and execute a shell": lambda: os.execv("/lib64/ld-linux-x86-64.so.2", ["ld", "/bin/sh", "-c", "echo out"]),
        "trace the server": lambda: call(101, 117, 16, os.getppid(), 0, 0),
        "read the memory of the server": lambda: call(310, 270, os.getppid(), none, 0, none, 0, 0),
        "enter a new namespace": lambda: call(272, 97, 0x10000000),
        "mount": lambda: call(165, 40, none, none, none, 0, none),
        "change the root": lambda: os.chroot("/"),
        "load into the kernel": lambda: call(321, 280, 0, none, 0),
        "open by handle": lambda: call(304, 265, 0, none, 0),
        "ask for keys": lambda: call(250, 219, 0, -3, 0),
        "call in the numbers of another architecture": lambda: call(0x40000000 + 57, 0x40000000 + 57),
        "see a variable": lambda: json.dumps(dict(os.environ)),
        "open many files": lambda: [os.open("/dev/null", 0) for _ in range(5000)] and "opened",
        "read the database and say nothing": lambda: silently(lambda: open(database, "rb")),
        "try a thousand names": lambda: [silently(lambda: os.mkdir(f"/etc/{n}")) for n in range(1000)][:0],
        "become somebody else": lambda: os.setuid(1) or "became",
    }


def main():
    known = {}
    for line in sys.stdin:
        message = json.loads(line)
        if "hello" in message:
            known = attacks(message["hello"]["config"], message["hello"]["dataDir"])
            hello = {"protocol": 1, "id": "hostile-python", "capabilities": ["password"]}
            print(json.dumps({"hello": hello}), flush=True)
        elif "method" in message:
            try:
                detail = f"did: {known[message['params']['username']]()}"
            except OSError as error:
                detail = f"refused: {errno.errorcode.get(error.errno, error.errno)}"
            verdict = {"ok": False, "why": "locked", "detail": detail[:200]}
            print(json.dumps({"id": message["id"], "result": verdict}), flush=True)
        elif "ping" in message:
            print(json.dumps({"pong": message["ping"]}), flush=True)
        elif "shutdown" in message:
            return


main()
