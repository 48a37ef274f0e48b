# SPDX-License-Identifier: MIT
"""What happens to a fleet, at random, and how it is healed."""
import collections
import random
import select
import time

from fleet_check import ask_any, make_well, not_well
from fleet_net import COUNT
from harness import check

# At a time, and all others are well.
MOST_AT_ONCE = 2
LONGEST_S = 8
PAUSE_S = 2.5


OF_ONE = ("killed", "frozen", "unplugged", "deaf", "mute", "cut_off", "limited", "delayed", "full", "emptied")
OF_PROGRAMS = ("leader_moved", "shipper_killed", "collector_killed")


class Fault:
    """What will happen: at_s after the beginning, for seconds. heal() ends it, once it is there."""

    def __init__(self, random, at_s):
        self.at_s = at_s
        self.kind = random.choice(OF_ONE * 2 + OF_PROGRAMS + ("all_killed",))
        self.number = random.randrange(COUNT)
        self.seconds = round(random.uniform(0.2, LONGEST_S), 1)
        self.how = random.random()
        self.heal = None

    def choose(self, *values):
        return values[int(self.how * len(values))]

    def collides(self, other):
        """They can't be at the same time. A server without its data needs both others."""
        if self.kind == other.kind:
            return True
        if self.kind in OF_PROGRAMS or other.kind in OF_PROGRAMS:
            return False
        return self.number == other.number or {self.kind, other.kind} & {"emptied", "all_killed"}


def plan(seed, seconds):
    """The same seed gives the same faults at the same times; one that can't be at its time is left out."""
    source, at, faults = random.Random(seed), 0, []
    while at < seconds:
        faults.append(Fault(source, at))
        at += source.uniform(0.3, PAUSE_S)
    return faults


class Faults:
    """They happen to a fleet. What that does meanwhile is its own."""

    def __init__(self, nodes, shipper, recorder, streams, seed, seconds):
        self.nodes, self.shipper, self.recorder, self.streams = nodes, shipper, recorder, streams
        self.waiting = plan(seed, seconds)
        self.active = []
        self.counts = collections.Counter()
        self.begun = time.monotonic()

    def now(self):
        return time.monotonic() - self.begun

    def say(self, text):
        print(f"# {self.now():6.1f} s: {text}", flush=True)

    # ---- of one server; each returns what heals it, or None: it can't be now ----

    def killed(self, node, fault):
        node.server.kill()
        return node.server.start

    def frozen(self, node, fault):
        node.server.stop()
        return node.server.go_on

    def unplugged(self, node, fault):
        node.unplug()
        return node.plug_in

    def deaf(self, node, fault):
        node.deafen()
        return node.hear_and_speak

    def mute(self, node, fault):
        node.mute()
        return node.hear_and_speak

    def cut_off(self, node, fault):
        node.deafen()
        node.mute()
        return node.hear_and_speak

    def limited(self, node, fault):
        node.limit(fault.choose("1mbit", "4mbit", "20mbit"))
        return node.unlimit

    def delayed(self, node, fault):
        if not node.proxy:
            return None
        node.delay(fault.choose(0.01, 0.05, 0.3))
        return lambda: node.delay(0)

    def full(self, node, fault):
        """JetStream gives up for good when it can't write."""
        node.fill_disk()

        def heal():
            node.clear_disk()
            node.server.kill()
            node.server.start()

        return heal

    def emptied(self, node, fault):
        """Only where all servers have all, until it has all again: what a majority loses, none can give back."""
        if any(not_well(self.nodes, stream) != [] for stream in self.streams):
            return None
        node.server.kill()
        node.lose_data()

        def heal():
            node.server.start()
            make_well(self.nodes, self.streams)

        return heal

    # ---- of all ----

    def all_killed(self, fault):
        for node in self.nodes:
            node.server.kill()

        def heal():
            for node in self.nodes:
                node.server.start()

        return heal

    def leader_moved(self, fault):
        ask_any(self.nodes, lambda client: client.api("STREAM.LEADER.STEPDOWN." + fault.choose(*self.streams)))
        return lambda: None

    def shipper_killed(self, fault):
        self.shipper.kill()
        return self.shipper.start

    def collector_killed(self, fault):
        self.recorder.kill()
        return self.recorder.start

    # ---- the whole ----

    def _begin(self, fault):
        if len(self.active) == MOST_AT_ONCE or any(fault.collides(other) for other in self.active):
            return
        of_one = fault.kind in OF_ONE
        fault.heal = getattr(self, fault.kind)(*([self.nodes[fault.number]] if of_one else []), fault)
        if not fault.heal:
            return
        self.counts[fault.kind] += 1
        self.say(f"{'s%d ' % fault.number if of_one else ''}{fault.kind.replace('_', ' ')} for {fault.seconds} s")
        self.active.append(fault)

    def _end(self, fault):
        return fault.at_s + fault.seconds

    def _wait(self, until_s):
        """Until then, or until the shipper ends, which it must not."""
        seconds = max(until_s - self.now(), 0)
        if any(fault.kind == "shipper_killed" for fault in self.active):
            time.sleep(seconds)
        else:
            select.select([self.shipper.ended], [], [], seconds)
            check(self.shipper.ship.runs(), f"ttlog-ship ended: {self.shipper.ship.err.text()}")

    def run(self):
        while self.waiting or self.active:
            for fault in [fault for fault in self.active if self._end(fault) <= self.now()]:
                self.active.remove(fault)
                fault.heal()
            while self.waiting and self.waiting[0].at_s <= self.now():
                self._begin(self.waiting.pop(0))
            self._wait(min([self._end(fault) for fault in self.active] + [fault.at_s for fault in self.waiting[:1]], default=0))
        self.say("healed")
