# SPDX-License-Identifier: MIT
"""ttlog-ship with a cluster, and with a server that permits little: tests/e2e/run -d tests/fleet."""
import os
import subprocess

from asked_fixture import Asker
from ctl_fixture import ctl
from harness import TREE, check, equal, wait_until
from ship_fixture import (SHIP, NatsClient, ask, check_all, ledger, make_spool, start_server, start_ship, stop, url_of,
                          wait_audited, wait_index)  # fmt: skip
from nats_server import make_cluster


def leader_of(server, stream):
    info = ask(server.port, lambda client: client.api("STREAM.INFO." + stream))
    return info and info["cluster"].get("leader")


def is_asked(at):
    """Whether the only machine, which is in the index and tells its name, answers: once."""
    _, errors = ctl("--at", at, "list", status=1)
    return errors.count("\n") == 1 and errors.endswith(": failed: no collector is running there\n")


def test_ship_to_a_cluster(t):
    """Two of three servers are enough, also if the one that leads is killed while files are on their way."""
    servers = make_cluster(t.path("cluster"))
    t.programs += servers
    os.makedirs(t.out)
    for number in range(40):
        with open(os.path.join(t.out, f"ttlog-{number}-20261121153021357-crash.bin"), "wb") as file:
            file.write(os.urandom(400_000))
    url = "nats://" + ",".join(f"127.0.0.1:{server.port}" for server in servers) + "/crashes"
    ship = t.start(SHIP, "--from", t.out, "--state", t.path("state"), "--to", url, "--audit-after", "1ms")
    ship.err.wait(r".*connected to .* \(3 replicas\) as .*")
    wait_index(servers[0], 5)
    leader = wait_until(lambda: leader_of(servers[0], "OBJ_crashes"), "a leader")
    killed = servers[int(leader[1:])]
    killed.kill()
    (other, *_) = [server for server in servers if server is not killed]
    wait_index(other, 40)
    wait_audited(t, 40)
    for server in servers:
        if server is not killed:
            wait_until(lambda at=f"nats://127.0.0.1:{server.port}/crashes": is_asked(at), "an answer by each server")
    killed.start()
    wait_until(lambda: leader_of(other, "OBJ_crashes"), "a leader")
    check_all(t, other)
    stop(ship)


def own_host(t):
    """What ttlog-ship calls this machine."""
    ship = start_ship(t, "--to", url_of(start_server(t, "other").port, "other"))
    (host,) = ship.err.wait(r".* as (\S+); .*").groups()
    stop(ship)
    return host


def check_ctl(server, tls_of, host):
    """The same by ttlog-ctl: as oneself, as another user, and as one who may not ask."""
    for user, name, status, said in (
            ("alice.example", "alice", 1, f"ttlog-ctl: {host}: failed: no collector is running there\n"),
            ("alice.example", "bob", 1, 'Permissions Violation for Publish to "ttlog.ctl.all.bob"'),
            ("reader.example", "alice", 1, 'Permissions Violation for Publish to "ttlog.ctl.all.alice"')):  # fmt: skip
        ca, cert, key = tls_of[user]
        _, errors = ctl("--at", f"nats://127.0.0.1:{server.port}", "--as", name, "--tls-ca", ca, "--tls-cert", cert,
                        "--tls-key", key, "list", status=status)  # fmt: skip
        check(said in errors, f"{user} as {name}: {errors}")


def check_asking(server, tls_of, host):
    """A user asks under his own name only; a host listens for itself only, and answers only what it got."""
    with Asker(server.port, tls=tls_of["alice.example"]) as alice:
        equal(wait_until(alice.hello, "a host that tells its name"), host, "who is there")
        answer = alice.ask(host, "list")
        equal((answer["verdict"], answer["why"]), ("failed", "no collector is running there"), "answer")
        equal(alice.ask(host, "trigger", argument="x")["verdict"], "refused", "not allowed")
        for line in (f"PUB ttlog.ctl.{host}.bob _INBOX.alice.t.1 0\r\n", f"PUB ttlog.ctl.{host}.alice.x 0\r\n",
                     "PUB _INBOX.bob.x 0\r\n", f"PUB _INBOX.{host}.x 0\r\n", "PUB $JS.API.STREAM.NAMES 0\r\n",
                     "PUB ttlog.index.crashes.x.s.r.i 0\r\n", f"SUB ttlog.ctl.{host}.* 2", "SUB ttlog.ctl.> 3",
                     "SUB _INBOX.> 4", "SUB _INBOX.bob.> 5"):  # fmt: skip
            check("Permissions Violation" in (alice.try_to(line) or ""), f"{line!r} is permitted")
        check_ctl(server, tls_of, host)
        with NatsClient(server.port, tls_of["web1.example"], f"_INBOX.{host}.test") as web1:
            for line in ("SUB ttlog.ctl.web2-0a1b2c3d.* 2", "SUB ttlog.ctl.*.* 3", "SUB ttlog.ctl.> 4", "SUB _INBOX.alice.> 5",
                         f"PUB ttlog.ctl.{host}.alice 0\r\n", "PUB ttlog.ctl.web2-0a1b2c3d.web1 0\r\n",
                         "PUB _INBOX.alice.t.1 0\r\n"):  # fmt: skip
                check("Permissions Violation" in (web1.try_to(line) or ""), f"{line!r} is permitted")


def test_ship_within_its_permissions(t):
    """The example of packaging/nats: a host writes below its own name only, a reader nothing at all."""
    users = ("web1.example", "reader.example", "admin.example", "alice.example")
    subprocess.run([os.path.join(TREE, "tests/fleet/make-certificates"), t.dir, *users], check=True, timeout=60)
    make_spool(t)
    host = own_host(t)
    with open(os.path.join(TREE, "packaging/nats/ttlog-fleet.conf"), encoding="utf-8") as file:
        text = file.read().replace("/etc/nats/", t.dir + "/").replace('jetstream { store_dir: "/var/lib/nats" }', "")
    with open(t.path("fleet.conf"), "w", encoding="utf-8") as file:
        file.write(text.replace("web1-0a1b2c3d", host))
    server = start_server(t, config=t.path("fleet.conf"))
    tls_of = {user: (t.path("ca.pem"), t.path(user + ".pem"), t.path(user + ".key")) for user in users}

    def start_as(user, *args):
        ca, cert, key = tls_of[user]
        return start_ship(t, "--to", url_of(server.port), "--tls-ca", ca, "--tls-cert", cert, "--tls-key", key, *args)

    ship = start_as("web1.example")
    ship.err.wait(r'.*: the server says: Permissions Violation for Publish to "\$JS.API.STREAM.CREATE.OBJ_crashes".*')
    stop(ship)
    os.mkdir(t.path("empty"))
    ship = start_as("admin.example", "--from", t.path("empty"), "--state", t.path("empty-state"))
    ship.err.wait(".*connected .*")
    stop(ship)
    ship = start_as("web1.example", "--audit-after", "1ms")
    wait_until(lambda: ledger(t, "SELECT count(*) FROM files1 WHERE audited_s > 0 AND destination LIKE '%/crashes'") == [(2,)],
               "audits")  # fmt: skip
    check_asking(server, tls_of, host)
    stop(ship)

    with NatsClient(server.port, tls_of["web1.example"], f"_INBOX.{host}.test") as client:
        for line in ("PUB $O.crashes.C.web2-0a1b2c3d.x 0\r\n", "PUB ttlog.index.crashes.web2-0a1b2c3d.s.r.i 0\r\n",
                     "PUB $O.other.M.x 0\r\n", "PUB $JS.API.STREAM.DELETE.OBJ_crashes 0\r\n",
                     "PUB $JS.API.STREAM.UPDATE.OBJ_crashes 0\r\n", "PUB $JS.API.STREAM.PURGE.TTLOG_INDEX_crashes 0\r\n",
                     "PUB $JS.API.CONSUMER.CREATE.OBJ_crashes 0\r\n", "SUB $O.crashes.> 2", "SUB ttlog.index.> 3",
                     "SUB _INBOX.> 4", "SUB > 5"):  # fmt: skip
            check("Permissions Violation" in (client.try_to(line) or ""), f"{line!r} is permitted")
        equal(client.try_to(f"PUB $O.crashes.C.{host}.x 0\r\n"), None, "below its own name")
        equal(client.api("STREAM.PURGE.OBJ_crashes", filter=f"$O.crashes.C.{host}.x")["purged"], 1, "purged")
    with NatsClient(server.port, tls_of["reader.example"]) as client:
        for line in (f"PUB $O.crashes.C.{host}.x 0\r\n", "PUB $O.crashes.M.x 0\r\n",
                     f"PUB ttlog.index.crashes.{host}.s.r.i 0\r\n", "PUB $JS.API.STREAM.PURGE.OBJ_crashes 0\r\n"):  # fmt: skip
            check("Permissions Violation" in (client.try_to(line) or ""), f"{line!r} is permitted")
        equal(len(client.objects("crashes")), 2, "objects that the reader sees")
        equal(len(client.index("crashes")), 2, "messages that the reader sees")
