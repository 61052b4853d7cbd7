#!/usr/bin/env python3
"""A login source in Python, standard library only: one JSON object a line in, one a line out."""
import hashlib
import hmac
import json
import os
import sys

ID = "people-python"


class People:
    def __init__(self, config, data_dir):
        self.file = os.path.join(data_dir, config["file"])
        self.rounds = config["rounds"]
        self.read()

    def read(self):
        with open(self.file, encoding="utf-8") as people:
            return json.load(people)

    def verify(self, username, password, **_):
        person = self.read().get(username)
        known = person or {"salt": "00", "hash": ""}
        # The same work for an unknown name, so that nobody learns from the time which names there are.
        salt = bytes.fromhex(known["salt"])
        found = hashlib.pbkdf2_hmac("sha256", password.encode("utf-8", "surrogatepass"), salt, self.rounds).hex()
        # HMAC fills a short key up with zeros: without the middle part, "x" and "x\0" would be one password.
        if person is None or "\0" in password or not hmac.compare_digest(found, known["hash"]):
            return {"ok": False, "why": "credentials"}
        return self.identity(username, person)

    def refresh(self, externalId, username, **_):
        person = self.read().get(username)
        if person is None or person["id"] != externalId:
            return {"ok": False, "why": "credentials"}
        return self.identity(username, person)

    def identity(self, username, person):
        return {"ok": True, "identity": {"externalId": person["id"], "username": username, "groups": person["teams"]}}


def say(message):
    sys.stdout.write(json.dumps(message) + "\n")
    sys.stdout.flush()


def log(level, message, **fields):
    say({"log": {"level": level, "message": message, "fields": fields}})


def main():
    methods = {}
    for line in sys.stdin:
        message = json.loads(line)
        if "hello" in message:
            hello = message["hello"]
            if hello["protocol"] != 1:
                return say({"refused": "it speaks version 1 of the protocol only"})
            try:
                people = People(hello["config"], hello["dataDir"])
            except (OSError, ValueError) as error:
                return say({"refused": f"its file of people cannot be read: {error}"})
            methods = {"password.verify": people.verify, "refresh": people.refresh}
            log("info", "file of people read", people=len(people.read()))
            say({"hello": {"protocol": 1, "id": ID, "capabilities": ["password", "refresh"]}})
        elif "method" in message:
            try:
                say({"id": message["id"], "result": methods[message["method"]](**message["params"])})
            except Exception as error:
                say({"id": message["id"], "error": {"message": f"{type(error).__name__}: {error}"}})
        elif "ping" in message:
            say({"pong": message["ping"]})
        elif "shutdown" in message:
            return


main()
