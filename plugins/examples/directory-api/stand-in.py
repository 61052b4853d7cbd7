#!/usr/bin/env python3
"""A directory to try the plugin with: python3 stand-in.py PORT"""
import http.server
import json
import sys
import urllib.parse

KEY = "open-the-directory"
PEOPLE = {
    "anna": {"id": "u-1", "password": "correct horse", "teams": ["billing", "ops"], "active": True},
    "bert": {"id": "u-2", "password": "another staple", "teams": ["sales"], "active": True},
    "caro": {"id": "u-3", "password": "lonely staple", "teams": [], "active": True},
    "jürgen": {"id": "u-4", "password": "pässwörd 秘密", "teams": [], "active": True},
    "emil": {"id": "u-5", "password": "gone staple", "teams": [], "active": False},
}


class Directory(http.server.BaseHTTPRequestHandler):
    def do_POST(self):
        asked = json.loads(self.rfile.read(int(self.headers["content-length"])))
        person = PEOPLE.get(asked["login"])
        self.answer(asked["login"], person if person and person["password"] == asked["password"] else None, 401)

    def do_GET(self):
        wanted = urllib.parse.unquote(self.path.removeprefix("/people/"))
        name = next((name for name, person in PEOPLE.items() if person["id"] == wanted), "")
        self.answer(name, PEOPLE.get(name), 404)

    def answer(self, name, person, otherwise):
        known = self.headers["authorization"] == f"Bearer {KEY}"
        body = json.dumps({"login": name, **{k: v for k, v in (person or {}).items() if k != "password"}}).encode()
        self.send_response(403 if not known else 200 if person else otherwise)
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        pass


class Server(http.server.ThreadingHTTPServer):
    request_queue_size = 512


Server(("127.0.0.1", int(sys.argv[1])), Directory).serve_forever()
