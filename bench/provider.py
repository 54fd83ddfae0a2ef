"""CPU of the embedded provider: a sign-in from the page to the code, and a token request with three mappings.

python bench/provider.py [--rounds 5] [--tokens 60] [--logins 20] [--check]

The server is `gatewright serve` with one worker on SQLite, the expressions' worker processes counted with it; what the
server takes while nobody asks is taken off. A sign-in is the authorization request without a session, the page, and the
form with the password, up to the redirect with the code. The password's hash costs many times as much as all of that
and moves more than it from run to run, so the person's stored hash is replaced by one with Argon2's smallest
parameters, which the server reads from it; what the real one takes is printed apart. A token request is the code for
tokens with the scopes of the seed, whose three mappings run in the sandbox, signed with RS256; beside it ES256, whose
signatures cost less, and `openid` alone, which says what the mappings cost. A userinfo request is the same without a
code and a signature. `--check` fails above AIM_MS.
"""

import argparse
import json
import os
import re
import sqlite3
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import httpx2
import process
import servers
from argon2 import PasswordHasher

AIM_MS = {"sign-in": 10.0, "token": 8.0}
SECRET = "a-client-secret-for-the-bench"
KEY = "sk-bench-provider-0123456789"
NAME, PASSWORD = "ada@example.local", "correct horse battery"
SEED = "openid email profile litellm_role"
FLOW = "/if/flow/default-authentication-flow/"
BROWSER = {"sec-fetch-site": "none", "sec-fetch-dest": "document"}
QUICK = PasswordHasher(time_cost=1, memory_cost=8, parallelism=1)
IDLE_S = 1.0


class Bench:
    def __init__(self, folder, port):
        self.base = f"http://localhost:{port}"
        self.callback = f"{self.base}/sso/callback"
        self.folder = folder
        environment = {
            "PATH": "/usr/bin:/bin",
            "HOME": str(folder),
            "PYTHONPATH": os.environ.get("PYTHONPATH", ""),
            "GATEWRIGHT_DATA_DIR": str(folder),
            "LITELLM_MASTER_KEY": KEY,
            "LITELLM_OIDC_SECRET": SECRET,
            "GATEWRIGHT_ADMIN_EMAIL": NAME,
            "GATEWRIGHT_ADMIN_PASSWORD": PASSWORD,
        }
        command = [sys.executable, "-m", "gatewright", "serve", "--port", str(port), "--workers", "1"]
        self.log = (folder / "log").open("w")
        self.process = subprocess.Popen(command, env=environment, stdout=self.log, stderr=self.log)
        self.client = httpx2.Client(base_url=self.base, headers=BROWSER, timeout=30)
        self.idle = 0.0
        self.wait()

    def write(self, statement, *values):
        """Changes the server's database behind its back."""
        with sqlite3.connect(self.folder / "gatewright.db", timeout=10) as connection:
            connection.execute(statement, values)
        connection.close()

    def settle(self):
        """A cheap hash for the person, and no memory of earlier sign-ins, of which an address has so many."""
        self.write("UPDATE users SET password_hash = ? WHERE password_hash IS NOT NULL", QUICK.hash(PASSWORD))
        self.write("DELETE FROM attempts")

    def measure_idle(self):
        """CPU seconds a second of a server that nobody asks."""
        pids = process.tree(self.process.pid)
        before, began = process.cpu_seconds(pids), time.monotonic()
        time.sleep(IDLE_S)
        self.idle = (process.cpu_seconds(pids) - before) / (time.monotonic() - began)

    def wait(self):
        deadline = time.monotonic() + 60
        while time.monotonic() < deadline:
            try:
                if self.client.get("/health/readiness").status_code == 200:
                    return
            except httpx2.TransportError:
                pass
            time.sleep(0.1)
        raise SystemExit(f"the server did not start: {(self.folder / 'log').read_text()[-2000:]}")

    def cpu(self, work):
        """Milliseconds of CPU of the server and its children for each of the things that `work` did."""
        pids = process.tree(self.process.pid)
        before, began = process.cpu_seconds(pids), time.monotonic()
        count = work()
        seconds = time.monotonic() - began
        return (process.cpu_seconds(pids) - before - self.idle * seconds) * 1000 / count

    def authorize(self, client, scope=SEED):
        query = {"client_id": "litellm", "redirect_uri": self.callback, "response_type": "code", "scope": scope}
        return client.get("/application/o/authorize/", params={**query, "state": "x" * 20})

    def sign_in(self, client):
        """From the application's redirect to the code."""
        page = client.get(self.authorize(client).headers["location"])
        fields = dict(re.findall(r'name="(csrf|next)" value="([^"]*)"', page.text))
        form = {**fields, "next": fields["next"].replace("&amp;", "&"), "name": NAME, "password": PASSWORD}
        answer = client.post(FLOW, data=form, headers={"origin": self.base})
        return self.code(answer)

    def code(self, answer):
        if answer.status_code != 303 or not answer.headers["location"].startswith(self.callback):
            raise SystemExit(f"no code: {answer.status_code} {answer.headers.get('location')} {answer.text[:300]}")
        return parse_qs(urlsplit(answer.headers["location"]).query)["code"][0]

    def codes(self, scope, count):
        return [self.code(self.authorize(self.client, scope)) for _ in range(count)]

    def redeem(self, codes):
        found = None
        for code in codes:
            form = {"grant_type": "authorization_code", "code": code, "redirect_uri": self.callback}
            found = self.client.post("/application/o/token/", data=form, auth=("litellm", SECRET))
            if found.status_code != 200:
                raise SystemExit(f"no token: {found.status_code} {found.text[:300]}")
        return found.json()

    def round(self, tokens, logins):
        def sign_ins():
            for _ in range(logins):
                with httpx2.Client(base_url=self.base, headers=BROWSER, timeout=30) as fresh:
                    self.sign_in(fresh)
            return logins

        def token_requests(codes):
            def work():
                self.redeem(codes)
                return len(codes)

            return work

        self.settle()
        self.measure_idle()
        found = {"sign-in": self.cpu(sign_ins)}
        wanted = ("token", SEED, "RS256"), ("token, ES256", SEED, "ES256"), ("token, openid alone", "openid", "RS256")
        for name, scope, algorithm in wanted:
            self.write("UPDATE oauth_providers SET signing_algorithm = ?", algorithm)
            found[name] = self.cpu(token_requests(self.codes(scope, tokens)))
        access = self.redeem(self.codes(SEED, 1))["access_token"]

        def userinfo():
            for _ in range(tokens):
                answer = self.client.get("/application/o/userinfo/", headers={"authorization": f"Bearer {access}"})
                assert answer.json()["litellm_role"] == "proxy_admin", answer.text
            return tokens

        found["userinfo"] = self.cpu(userinfo)
        return found

    def close(self):
        self.client.close()
        self.process.terminate()
        self.process.wait(30)
        self.log.close()


def hash_ms(times=3):
    """CPU of one verification of a password, with the parameters of argon2-cffi that the server hashes with."""
    hasher = PasswordHasher()
    stored = hasher.hash(PASSWORD)
    before = time.process_time()
    for _ in range(times):
        hasher.verify(stored, PASSWORD)
    return (time.process_time() - before) * 1000 / times


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--tokens", type=int, default=60)
    parser.add_argument("--logins", type=int, default=20, help="in a round; an address has 40 in five minutes")
    parser.add_argument("--check", action="store_true")
    parser.add_argument("--json", type=Path)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="gatewright-bench-") as folder:
        bench = Bench(Path(folder), servers.free_port())
        try:
            bench.settle()
            bench.sign_in(bench.client)
            bench.redeem(bench.codes(SEED, 5))
            rounds = [bench.round(options.tokens, options.logins) for _ in range(options.rounds)]
        finally:
            bench.close()
    figures = {name: statistics.median(found[name] for found in rounds) for name in rounds[0]}
    print(f"{'CPU ms':24}{'median':>8}{'least':>8}")
    for name, value in figures.items():
        print(f"{name:24}{value:8.2f}{min(found[name] for found in rounds):8.2f}")
    print(f"{'(a password hash)':24}{hash_ms():8.2f})")
    if options.json:
        options.json.write_text(json.dumps({"rounds": rounds, "median": figures}))
    over = [name for name, most in AIM_MS.items() if figures[name] > most]
    if over and options.check:
        raise SystemExit(f"above the aim: {', '.join(over)}")


if __name__ == "__main__":
    main()
