# SPDX-License-Identifier: MIT
"""nats-servers of a test's own, on ports of loopback that the kernel chose."""
import glob
import json
import os
import signal
import socket
import subprocess
import time

NATS_SERVER = "/usr/sbin/nats-server"
DEADLINE_S = 120


def free_ports(count):
    """Ports that are free now. Another program could take one before it is used; a cluster needs to know them."""
    sockets = [socket.create_server(("127.0.0.1", 0)) for _ in range(count)]
    ports = [one.getsockname()[1] for one in sockets]
    for one in sockets:
        one.close()
    return ports


def make_cluster(folder, count=3):
    """So many servers that are one cluster."""
    ports = free_ports(count)
    routes = ", ".join("nats://127.0.0.1:%d" % port for port in ports)
    servers = []
    for number, port in enumerate(ports):
        place = os.path.join(folder, "server%d" % number)
        os.makedirs(place)
        with open(os.path.join(place, "server.conf"), "w") as file:
            file.write("server_name: s%d\ncluster { name: c, listen: \"127.0.0.1:%d\", routes: [%s] }\n"
                       % (number, port, routes))  # fmt: skip
        servers.append(NatsServer(place, os.path.join(place, "server.conf")))
    return servers


class NatsServer:
    """With JetStream, its data in `folder`; ends by its process id, and keeps its port when it starts again.
    prefix: words of a command that runs another one."""

    address, prefix = "127.0.0.1", ()

    def __init__(self, folder, config=None, port=None, **others):
        self.folder = folder
        self.config = config
        self.port = port
        vars(self).update(others)
        self.process = None
        os.makedirs(folder, exist_ok=True)
        self.start()

    def start(self):
        for path in glob.glob(os.path.join(self.folder, "*.ports")):
            os.unlink(path)
        command = [*self.prefix, NATS_SERVER, "-a", self.address, "-p", str(self.port or -1), "-js", "-sd", self.folder,
                   "-l", os.path.join(self.folder, "log"), "--ports_file_dir", self.folder]  # fmt: skip
        if self.config:
            command += ["-c", self.config]
        self.process = subprocess.Popen(command)
        self.port = self._await_port()

    def _await_port(self):
        path = os.path.join(self.folder, "nats-server_%d.ports" % self.process.pid)
        deadline = time.monotonic() + DEADLINE_S
        while time.monotonic() < deadline:
            assert self.process.poll() is None, "nats-server ended: see %s/log" % self.folder
            try:
                with open(path) as file:
                    return int(json.load(file)["nats"][0].rsplit(":", 1)[1])
            except (FileNotFoundError, ValueError):
                time.sleep(0.01)
        raise AssertionError("nats-server did not listen")

    def kill(self):
        self.process.kill()
        self.process.wait()

    def stop(self):
        """SIGSTOP: connections stay, and nothing answers."""
        self.process.send_signal(signal.SIGSTOP)

    def go_on(self):
        self.process.send_signal(signal.SIGCONT)

    def end(self):
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGCONT)
            self.kill()

    def discard(self):
        """As a program of an end-to-end test."""
        self.end()
