# SPDX-License-Identifier: MIT
"""The known loss: JetStream acknowledges what is on no disk yet, and all servers lose it at once."""
import os
import shutil
import signal

from harness import check, equal, wait_until
from ship_fixture import SHIP, ask, check_all, stop, wait_audited, wait_index
from nats_server import make_cluster

HALF = 15


def write(t, numbers):
    os.makedirs(t.out, exist_ok=True)
    for number in numbers:
        with open(t.path("next"), "wb") as file:
            file.write(os.urandom(1 + number * 20_000))
        os.rename(t.path("next"), os.path.join(t.out, f"ttlog-{number}-20261121153021357-crash.bin"))


def copy_data(servers, to):
    """What their disks would have if power went now and none of it had been written since."""
    for server in servers:
        server.stop()
    for server in servers:
        shutil.copytree(os.path.join(server.folder, "jetstream"), os.path.join(to, os.path.basename(server.folder)))
    for server in servers:
        server.go_on()


def roll_back(servers, copy):
    for server in servers:
        server.kill()
    for server in servers:
        shutil.rmtree(os.path.join(server.folder, "jetstream"))
        shutil.copytree(os.path.join(copy, os.path.basename(server.folder)), os.path.join(server.folder, "jetstream"))
        server.start()


def test_rollback_is_found_and_mended(t):
    """What was sent, audited and then lost by all three servers is sent again; the rest is left as it is."""
    servers = make_cluster(t.path("cluster"))
    t.programs += servers
    write(t, range(HALF))
    url = "nats://" + ",".join(f"127.0.0.1:{server.port}" for server in servers) + "/crashes"
    ship = t.start(SHIP, "--from", t.out, "--state", t.path("state"), "--to", url, "--audit-after", "1ms")
    wait_index(servers[0], HALF)
    wait_audited(t, HALF)
    copy_data(servers, t.path("copy"))
    write(t, range(HALF, 2 * HALF))
    wait_index(servers[0], 2 * HALF)
    wait_audited(t, 2 * HALF)
    before = ask(servers[0].port, lambda client: client.objects("crashes"))
    ship.signal(signal.SIGSTOP)
    roll_back(servers, t.path("copy"))
    left = wait_until(lambda: ask(servers[0].port, lambda client: client.objects("crashes")), "a leader")
    equal(len(left), HALF, "objects that the servers still have")
    lost = set(before) - set(left)
    ship.signal(signal.SIGCONT)
    for name in lost:
        ship.err.wait(f".*audit: .*has no {name}; it is sent again")
    wait_index(servers[0], 2 * HALF)
    wait_until(lambda: len(check_index(servers[0])) == 2 * HALF, "all objects")
    again = check_all(t, servers[0])
    equal({name: meta["nuid"] for name, meta in again.items() if name in left},
          {name: meta["nuid"] for name, meta in left.items()}, "what was never lost")  # fmt: skip
    text = stop(ship)
    equal(text.count("; it is sent again"), HALF, "audits that found a loss")
    check("0 files wait, 0 were gone" in text, text)


def check_index(server):
    return ask(server.port, lambda client: client.objects("crashes"))
