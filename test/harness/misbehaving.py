#!/usr/bin/env python3
"""A plugin process that does what the user name, or its configuration, says."""
import json
import os
import sys
import time


def say(message):
    sys.stdout.write(json.dumps(message) + "\n")
    sys.stdout.flush()


def raw(data):
    os.write(1, data)


def verify(message):
    number, what = message["id"], message["params"]["username"]
    if what == "crash":
        os._exit(3)
    elif what == "abort":
        os.abort()
    elif what == "hang":
        time.sleep(600)
    elif what == "garbage":
        raw(b"Traceback (most recent call last):\n")
    elif what == "no-utf8":
        raw(b"\xff\xfe\n")
    elif what == "unknown-message":
        say({"greetings": 1})
    elif what == "not-asked":
        say({"id": number + 1000, "result": {}})
    elif what == "long-line":
        raw(b"x" * 300_000)
    elif what == "flood":
        while True:
            say({"log": {"level": "info", "message": "again"}})
    elif what == "flood-of-late-answers":
        while True:
            say({"id": 1, "result": {}})
    elif what == "stderr":
        os.write(2, b"noise\n" * 20_000)
        say({"id": number, "result": {"ok": False, "why": "disabled"}})
    elif what == "late":
        time.sleep(0.5)
        say({"id": number, "result": {"ok": False, "why": "disabled"}})
    elif what == "no-verdict":
        say({"id": number, "result": {"ok": True}})
    elif what == "error":
        say({"id": number, "error": {"message": "the directory\nis gone"}})
    elif what == "memory":
        hoard = bytearray(200 * 1024 * 1024)
        time.sleep(600)
    elif what == "silent":
        pass
    else:
        say({"id": number, "result": {"ok": False, "why": "locked", "detail": f"process {os.getpid()}"}})


def main():
    for line in sys.stdin:
        message = json.loads(line)
        if "hello" in message:
            config = message["hello"]["config"]
            start = config.get("start", "")
            if start == "mute":
                continue
            if start == "refuse":
                say({"refused": "no licence"})
                continue
            if start == "exit":
                sys.exit(7)
            if start == "once" and os.path.exists(config["mark"]):
                sys.exit(7)
            if start == "once":
                open(config["mark"], "w").close()
            say({"hello": {"protocol": config.get("protocol", 1), "id": config.get("name", "misbehaving"),
                           "capabilities": config.get("capabilities", ["password"])}})
        elif "method" in message:
            verify(message)
        elif "ping" in message:
            say({"pong": message["ping"]})
        elif "shutdown" in message:
            if message and os.environ.get("STUBBORN"):
                time.sleep(600)
            return


main()
