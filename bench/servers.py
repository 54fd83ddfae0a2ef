"""What is measured: how each server is configured, started, asked whether it works, stopped."""

import http.client
import json
import os
import secrets
import shlex
import shutil
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path
from urllib.parse import urlsplit

import load
import process

CHAT = "/v1/chat/completions"


def free_port():
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return found.getsockname()[1]


def call(url, key, body, method="POST", timeout=10):
    """One request; the status and the answer's bytes."""
    parts = urlsplit(url)
    connection = http.client.HTTPConnection(parts.hostname, parts.port, timeout=timeout)
    try:
        headers = {"Authorization": f"Bearer {key}", "Content-Type": "application/json"}
        connection.request(method, parts.path, body, headers)
        answer = connection.getresponse()
        return answer.status, answer.read()
    finally:
        connection.close()


class Server:
    """`start` returns the seconds from the spawn to the first correct answer, or raises CannotRun."""

    wait = 60.0

    def __init__(self, name, folder, mock_port):
        self.name = name
        self.folder = folder
        self.mock_port = mock_port
        self.port = free_port()
        self.key = "sk-bench-1234"
        self.url = f"http://127.0.0.1:{self.port}{CHAT}"
        self.child = None
        folder.mkdir(parents=True, exist_ok=True)

    def configure(self):
        """Write what the server reads."""

    def command(self):
        raise NotImplementedError

    def environment(self):
        return {}

    def ready(self):
        """Whether the first correct answer has come."""
        status, answer = call(self.url, self.key, load.body(load.SCENARIOS["c1"]))
        return status == 200 and b'"choices"' in answer

    def start(self, cpus, priority):
        log = self.folder / "log"
        # Nothing of the caller's settings, and none of Python's switches: PYTHONDONTWRITEBYTECODE alone doubles a start.
        kept = {name: value for name, value in os.environ.items() if name in {"PATH", "LANG", "LD_LIBRARY_PATH"}}
        with log.open("wb") as output:
            began = time.monotonic()
            self.child = subprocess.Popen(
                self.command(),
                cwd=self.folder,
                env={**kept, "HOME": str(self.folder), **self.environment()},
                stdout=output,
                stderr=output,
                preexec_fn=process.prepare_child(cpus, priority),
            )
        problem = "no answer"
        while time.monotonic() - began < self.wait and self.child.poll() is None:
            try:
                if self.ready():
                    return time.monotonic() - began
            except (OSError, http.client.HTTPException) as error:
                problem = repr(error)
            time.sleep(0.01)
        ended = self.child.poll()
        self.stop()
        text = log.read_text(errors="replace")[-1500:]
        raise load.CannotRun(f"{self.name} did not start ({problem if ended is None else f'exit {ended}'}):\n{text}")

    def pids(self):
        return process.tree(self.child.pid) if self.child else []

    def pause(self):
        """Keep it from working while another server is measured."""
        self._signal(signal.SIGSTOP)

    def go_on(self):
        self._signal(signal.SIGCONT)

    def stop(self):
        if self.child is None:
            return
        pids = self.pids()
        self.go_on()
        self.child.terminate()
        try:
            self.child.wait(10)
        except subprocess.TimeoutExpired:
            pass
        for pid in pids:  # only what we started: the tree below our own child
            try:
                os.kill(pid, signal.SIGKILL)
            except OSError:
                pass
        self.child.wait()
        self.child = None

    def _signal(self, number):
        for pid in self.pids():
            try:
                os.kill(pid, number)
            except OSError:
                pass


class Direct(Server):
    """No gateway: the driver talks to the mock. Its latency is what "added" is added to."""

    def __init__(self, name, folder, mock_port):
        super().__init__(name, folder, mock_port)
        self.url = f"http://127.0.0.1:{mock_port}{CHAT}"

    def start(self, cpus, priority):
        return 0.0


class Nginx(Server):
    """proxy_pass with one worker, kept connections, a key check and no buffering: what little a gateway can cost."""

    @staticmethod
    def program():
        return shutil.which("nginx", path=os.environ.get("PATH", "") + ":/usr/sbin:/usr/local/sbin")

    def configure(self):
        user = "user root;" if os.geteuid() == 0 else ""
        folder = self.folder
        (folder / "nginx.conf").write_text(f"""
daemon off; worker_processes 1; pid {folder}/pid; error_log {folder}/error.log; {user}
events {{ worker_connections 4096; }}
http {{
  access_log off; tcp_nodelay on; keepalive_requests 10000000; client_body_buffer_size 1m;
  client_body_temp_path {folder}/body; proxy_temp_path {folder}/proxy; fastcgi_temp_path {folder}/fastcgi;
  uwsgi_temp_path {folder}/uwsgi; scgi_temp_path {folder}/scgi;
  upstream mock {{ server 127.0.0.1:{self.mock_port}; keepalive 256; keepalive_requests 10000000; }}
  map $http_authorization $known {{ default 0; "Bearer {self.key}" 1; }}
  server {{
    listen 127.0.0.1:{self.port};
    location / {{
      if ($known = 0) {{ return 401; }}
      proxy_pass http://mock; proxy_http_version 1.1; proxy_buffering off;
      proxy_set_header Connection ""; proxy_set_header Authorization "Bearer sk-upstream";
    }}
  }}
}}
""")

    def command(self):
        return [self.program(), "-c", str(self.folder / "nginx.conf"), "-p", str(self.folder)]


class Gatewright(Server):
    """`gatewright serve` with one worker, its own SQLite file, and a virtual key: sign-on, limits and spend are on."""

    def __init__(self, name, folder, mock_port, extra=None):
        super().__init__(name, folder, mock_port)
        self.extra = extra or {}
        self.master = f"sk-{secrets.token_urlsafe(24)}"
        self.key = None

    def configure(self):
        models = "".join(
            f"""  - model_name: {model}
    litellm_params:
      model: openai/mock
      api_base: http://127.0.0.1:{self.mock_port}/v1
      api_key: sk-upstream
      input_cost_per_token: 0.0000025
      output_cost_per_token: 0.00001
"""
            for model in load.MODELS
        )
        (self.folder / "config.yaml").write_text(f"model_list:\n{models}")

    def command(self):
        program = Path(sys.executable).with_name("gatewright")
        if not program.exists():
            raise load.CannotRun(f"{program} is missing: run `make setup` first")
        return [str(program), "serve", "--config", str(self.folder / "config.yaml"), "--port", str(self.port)]

    def environment(self):
        return {"GATEWRIGHT_DATA_DIR": str(self.folder / "data"), "LITELLM_MASTER_KEY": self.master, **self.extra}

    def ready(self):
        """At the first start a virtual key is made on the way, as an operator would."""
        if self.key is None:
            url = f"http://127.0.0.1:{self.port}/key/generate"
            status, answer = call(url, self.master, json.dumps({"models": list(load.MODELS)}))
            if 400 <= status < 500:
                raise load.CannotRun(f"gatewright refused POST /key/generate: {status} {answer[:300]!r}")
            if status != 200:
                raise OSError(f"POST /key/generate: {status} {answer[:300]!r}")
            self.key = json.loads(answer)["key"]
        return super().ready()


class Peer(Server):
    """Any other gateway: a command with {port}, {mock}, {key} and {dir} filled in."""

    def __init__(self, name, folder, mock_port, text):
        super().__init__(name, folder, mock_port)
        self.text = text

    def command(self):
        filled = self.text
        for word, value in (("port", self.port), ("mock", self.mock_port), ("key", self.key), ("dir", self.folder)):
            filled = filled.replace("{" + word + "}", str(value))
        return shlex.split(filled)

    def environment(self):
        return {"PORT": str(self.port), "MOCK_PORT": str(self.mock_port), "GATEWAY_KEY": self.key}
