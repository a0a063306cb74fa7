"""Starts what deploy/docker/compose.scaled.yaml says, without containers: the same programs with the same arguments and settings, on other
addresses. Each process must become ready, and what one of them takes another must show.

    check-compose.py BINARY POSTGRES_URL      (a user who may make databases)
"""

import json
import os
import pathlib
import re
import socket
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request

import yaml

HOME = pathlib.Path(__file__).resolve().parent.parent
COMPOSE = HOME / "deploy/docker/compose.scaled.yaml"
PATIENCE = 60


def free_port():
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        return taken.getsockname()[1]


def call(method, url, key=None, body=None):
    data = None if body is None else json.dumps(body).encode()
    request = urllib.request.Request(url, data=data, method=method, headers={"content-type": "application/json"})
    if key:
        request.add_header("authorization", f"Bearer {key}")
    # Nothing stands between this machine and itself.
    with urllib.request.build_opener(urllib.request.ProxyHandler({})).open(request, timeout=10) as answer:
        return json.load(answer)


def until(what, look):
    end, last = time.monotonic() + PATIENCE, None
    while True:
        try:
            found = look()
            if found:
                return found
        except (urllib.error.URLError, OSError) as error:
            last = error
        if time.monotonic() > end:
            sys.exit(f"check-compose: {what} does not come about: {last}")
        time.sleep(0.2)


def main():
    binary, postgres = sys.argv[1:]
    compose = yaml.safe_load(COMPOSE.read_text())
    folder = pathlib.Path(tempfile.mkdtemp())
    base, _ = postgres.rsplit("/", 1)
    database = f"tracklane_compose_{os.getpid()}"
    subprocess.run(["psql", postgres, "-qc", f"CREATE DATABASE {database}"], check=True)
    running = []
    try:
        nats = free_port()
        config = compose["configs"]["nats"]["content"]
        config = config.replace("0.0.0.0:4222", f"127.0.0.1:{nats}").replace("/data", str(folder / "nats"))
        version = subprocess.run(["nats-server", "--version"], check=True, capture_output=True, text=True).stdout
        if tuple(int(part) for part in re.search(r"v(\d+)\.(\d+)", version).groups()) < (2, 10):
            # It does not know how to write each record to the disk at once.
            config = config.replace(", sync_interval: always", "")
        (folder / "nats.conf").write_text(config)
        quiet = {"stdin": subprocess.DEVNULL, "stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
        running.append(subprocess.Popen(["nats-server", "-c", folder / "nats.conf"], **quiet))
        until("the broker", lambda: socket.create_connection(("127.0.0.1", nats)))
        redis = free_port()
        arguments = compose["services"]["redis"]["command"][1:]
        running.append(subprocess.Popen(["redis-server", "--bind", "127.0.0.1", "--port", str(redis), *arguments], cwd=folder, **quiet))
        until("the shared memory", lambda: socket.create_connection(("127.0.0.1", redis)))

        data = folder / "data"
        nodes = {}
        for name, service in compose["services"].items():
            if service["image"] != "tracklane":
                continue
            for place in range(service.get("deploy", {}).get("replicas", 1)):
                port = free_port()
                settings = {key: re.sub(r"\$\{.*?\}", "", value) for key, value in service["environment"].items()}
                for key in ["TRACKLANE__STORE__URL", "TRACKLANE__HISTORY__URL"]:
                    assert "@postgres:5432/tracklane" in settings[key], settings[key]
                    settings[key] = f"{base}/{database}"
                settings["TRACKLANE__STREAM__URL"] = settings["TRACKLANE__STREAM__URL"].replace("nats:4222", f"127.0.0.1:{nats}", 1)
                settings["TRACKLANE__REDIS__URL"] = settings["TRACKLANE__REDIS__URL"].replace("redis:6379", f"127.0.0.1:{redis}", 1)
                settings["TRACKLANE__SERVER__LISTEN"] = f"127.0.0.1:{port}"
                settings["TRACKLANE__SERVER__BASE_URL"] = ""
                arguments = [part.replace("/var/lib/tracklane", str(data)) for part in service["command"]]
                environment = {key: value for key, value in os.environ.items() if not key.startswith("TRACKLANE")}
                log = open(folder / f"{name}-{place}.log", "w")
                running.append(
                    subprocess.Popen([binary, *arguments], env=environment | settings, cwd=folder, stdin=subprocess.DEVNULL, stderr=log)
                )
                nodes[f"{name} {place + 1}"] = (f"http://127.0.0.1:{port}", settings)
                if len(nodes) == 1:
                    # It makes the key that the others read.
                    until(f"{name} is ready", lambda: call("GET", f"http://127.0.0.1:{port}/readyz")["ready"])
        for name, (url, _) in nodes.items():
            # Those that count and those that do not, the shared memory among them.
            until(f"{name} is well", lambda: all(part["ready"] for part in call("GET", f"{url}/readyz")["parts"]))
        first, second = nodes["api 1"], nodes["api2 1"]
        made = subprocess.run(
            [binary, "admin", "create-key", "--data", str(data), "--name", "check", "--role", "admin"],
            env={**os.environ, **first[1]}, cwd=folder, check=True, capture_output=True, text=True,
        )
        key = made.stdout.strip()
        device = call("POST", f"{first[0]}/v1/devices", key, {"identifier": "van"})["id"]
        fix = {"device": device, "fix_time": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()), "lat": 52.5, "lon": 13.4}
        assert call("POST", f"{first[0]}/v1/positions", key, fix)["accepted"] == 1

        def is_known():
            items = call("GET", f"{second[0]}/v1/positions/latest", key)["items"]
            return [item for item in items if item["device_id"] == device]

        until("the position that one process took, at another", is_known)
        processes = running[-len(nodes):]
        for process in processes:
            process.terminate()
        codes = [process.wait(PATIENCE) for process in processes]
        assert codes == [0] * len(codes), codes
        print(f"check-compose: {len(nodes)} processes share the work, and end in order")
    finally:
        for process in running:
            process.kill()
            process.wait()
        subprocess.run(["psql", postgres, "-qc", f"DROP DATABASE IF EXISTS {database} WITH (FORCE)"], check=True)


main()
