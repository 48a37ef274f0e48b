# SPDX-License-Identifier: MIT
"""--creds with JWTs of NATS: an operator, accounts, and users that may do what packaging/nats says."""
import json
import os
import re
import subprocess

from ctl_fixture import ctl
from harness import BUILD, TREE, check, equal, wait_until
from ship_fixture import ledger, make_spool, start_server, start_ship, stop, url_of
from test_fleet import own_host

EVERYTHING = {"pub": [">"], "sub": [">"]}


def permissions(name, host):
    """What a user of the example may publish and subscribe to."""
    with open(os.path.join(TREE, "packaging/nats/ttlog-fleet.conf"), encoding="utf-8") as file:
        block = re.search(rf"^{name} = \{{\n(.*?)^\}}", file.read(), re.M | re.S).group(1)
    published, subscribed = block.split("subscribe:")
    subjects = [[subject.replace("web1-0a1b2c3d", host) for subject in re.findall(r'"([^"\n]+)"', text.split("allow_responses")[0])]
                for text in (published, subscribed)]  # fmt: skip
    return {"pub": subjects[0], "sub": subjects[1], "may_answer": "allow_responses" in block}


def make_jwts(t, users):
    """Writes NAME.creds, and returns the server's configuration."""
    modules = os.path.join(BUILD, "fleet/node_modules")
    check(os.path.isdir(os.path.join(modules, "nkeys.js")), "no nkeys.js: make deps-fleet")
    done = subprocess.run(["node", os.path.join(TREE, "tests/fleet/make-jwts.cjs"), modules], input=json.dumps(users),
                          capture_output=True, text=True, timeout=60, check=True)  # fmt: skip
    made = json.loads(done.stdout)
    for name, text in made["creds"].items():
        with open(t.path(name + ".creds"), "w", encoding="utf-8") as file:
            file.write(text)
    with open(t.path("jwt.conf"), "w", encoding="utf-8") as file:
        file.write(made["config"])
    return t.path("jwt.conf")


def mix(t, jwt, seed, to):
    """Credentials with the JWT of one and the seed of another one."""
    parts = []
    for name in (jwt, seed):
        with open(t.path(name + ".creds"), encoding="utf-8") as file:
            parts.append(file.read().split("\n\n"))
    with open(t.path(to + ".creds"), "w", encoding="utf-8") as file:
        file.write(parts[0][0] + "\n\n" + parts[1][1])


def test_ship_with_jwts(t):
    """A host with its permissions ships and is asked; a user asks as himself; wrong credentials are refused."""
    make_spool(t)
    host = own_host(t)
    config = make_jwts(t, {"web1": permissions("WEB1", host), "alice": permissions("ALICE", host), "admin": EVERYTHING,
                           "old": {**EVERYTHING, "is_expired": True}, "stranger": {**EVERYTHING, "is_of_other": True}})  # fmt: skip
    mix(t, "admin", "alice", "thief")
    server = start_server(t, config=config)

    def start_as(user, *args):
        return start_ship(t, "--to", url_of(server.port), "--creds", t.path(user + ".creds"), *args)

    ship = start_as("web1")
    ship.err.wait(r'.*: the server says: Permissions Violation for Publish to "\$JS.API.STREAM.CREATE.OBJ_crashes".*')
    stop(ship)
    os.mkdir(t.path("empty"))
    ship = start_as("admin", "--from", t.path("empty"), "--state", t.path("empty-state"), "--allow", "none")
    ship.err.wait(".*connected .*")
    stop(ship)
    ship = start_as("web1", "--audit-after", "1ms")
    wait_until(lambda: ledger(t, "SELECT count(*) FROM files1 WHERE audited_s > 0 AND destination LIKE '%/crashes'") == [(2,)],
               "audits")  # fmt: skip

    def ask_as(user, *args):
        return ctl("--at", f"nats://127.0.0.1:{server.port}", "--creds", t.path(user + ".creds"), *args, "trigger", "x", status=1)

    def asked():
        return "refused" in ask_as("alice")[1]

    wait_until(asked, "an answer")
    # the name is that of the JWT
    ship.err.wait(".*: alice asks: trigger: ttlog-ship's --allow there does not name it")
    _, errors = ask_as("alice", "--as", "bob")
    check('Permissions Violation for Publish to "ttlog.ctl.all.bob"' in errors, errors)
    for wrong in ("old", "stranger", "thief"):
        _, errors = ask_as(wrong)
        equal(errors.count("\n"), 1, f"lines about {wrong}: {errors}")
        said = f"127.0.0.1:{server.port}: Authorization Violation (the server does not accept --creds {t.path(wrong)}.creds)"
        check(said in errors, f"{wrong}: {errors}")
        other = start_as(wrong, "--state", t.path("state-" + wrong))
        other.err.wait(".*" + re.escape(said) + "; 2 files wait, it is tried again")
        equal(stop(other).count("Authorization"), 1, "times that it is said")
    _, errors = ctl("--at", f"nats://127.0.0.1:{server.port}", "list", status=1)
    check("the server wants to know who you are: use --creds or --tls-cert" in errors, errors)
    stop(ship)
