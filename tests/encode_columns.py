# SPDX-License-Identifier: MIT
"""Encodes frames and columns of a snapshot, from FORMAT.md alone, for make_snapshot.py."""
import os
import struct
import subprocess
import tempfile

import cbor2

TAGS = {"B": 64, "H": 69, "I": 70, "Q": 71, "b": 72, "h": 77, "i": 78, "q": 79, "f": 85, "d": 86}


# ---- Frames ----


def lz4(content):
    with tempfile.TemporaryDirectory() as folder:
        source, target = os.path.join(folder, "in"), os.path.join(folder, "out")
        with open(source, "wb") as file:
            file.write(content)
        options = ["-q", "-f", "-9", "-B4", "-BI", "-BX", "--content-size"]
        subprocess.run(["lz4", *options, source, target], check=True)
        with open(target, "rb") as file:
            return file.read()


def frame(item):
    return lz4(item if isinstance(item, bytes) else cbor2.dumps(item))


# ---- Columns ----


def ints(code, values):
    return cbor2.CBORTag(TAGS[code], b"".join(struct.pack("<" + code, value) for value in values))


def const(values):
    assert all(value == values[0] for value in values)
    return {"const": values[0]}


def delta(code, first):
    def encode(values):
        steps, last = [], first
        for value in values:
            steps.append(value - last)
            last = value
        return {"first": first, "delta": ints(code, steps)}

    return encode


def bits_of(bits, base, values):
    """Bit by bit, as in FORMAT.md."""
    data = bytearray((len(values) * bits + 7) // 8)
    for i, value in enumerate(values):
        assert 0 <= value - base < 2**bits
        for k in range(bits):
            at = i * bits + k
            data[at // 8] |= (value - base >> k & 1) << at % 8
    return {"bits": bits, "base": base, "packed": bytes(data)}


def packed(bits, base):
    return lambda values: bits_of(bits, base, values)


def packed_delta(bits, base, first):
    def encode(values):
        steps = [after - before for before, after in zip([first] + values, values)]
        return {"first": first, "delta": bits_of(bits, base, steps)}

    return encode


def with_nulls(encode, filler=0):
    """The values in the places of those that are null do not matter."""
    def encode_all(values):
        nulls = bytearray((len(values) + 7) // 8)
        for i, value in enumerate(values):
            nulls[i // 8] |= (value is None) << i % 8
        column = encode([filler if value is None else value for value in values])
        return {"of": column, "nulls": bytes(nulls)}

    return encode_all


def array(code):
    return lambda values: ints(code, values)


def plain(values):
    return {"values": values}


def indexed_packed(values):
    result = indexed(values)
    return dict(result, index=bits_of(3, 0, [result["values"].index(value) for value in values]))


def scaled_packed(scale, bits, base):
    return lambda values: {
        "scale": scale,
        "units": bits_of(bits, base, [round(value * 10**scale) for value in values]),
    }


def indexed(values):
    unique = []
    for value in values:
        if value not in unique:
            unique.append(value)
    return {"values": unique, "index": ints("B", [unique.index(value) for value in values])}


def indexed_const(values):
    return {"values": ["never", values[0]], "index": {"const": 1}}


def scaled(scale, code="i"):
    return lambda values: {
        "scale": scale,
        "units": ints(code, [round(value * 10**scale) for value in values]),
    }


def scaled_const(scale):
    return lambda values: {"scale": scale, "units": {"const": round(values[0] * 10**scale)}}


def decimal_one(code):
    def encode(values):
        assert len({scale for _, scale in values}) == 1
        return {"units": ints(code, [units for units, _ in values]), "scale": values[0][1]}

    return encode


def decimal_each(values):
    return {
        "units": ints("q", [units for units, _ in values]),
        "scale": ints("B", [scale for _, scale in values]),
    }
