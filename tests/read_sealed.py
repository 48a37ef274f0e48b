# SPDX-License-Identifier: MIT
"""A second reader and writer of encrypted files, from FORMAT.md, section 9, alone; libsodium by ctypes."""
import base64
import ctypes
import ctypes.util
import struct

SODIUM = ctypes.CDLL(ctypes.util.find_library("sodium") or "libsodium.so.23")
STREAM = "crypto_secretstream_xchacha20poly1305_"
MAGIC, PIECE, TAG, FINAL = b"TTLOGENC", 65536, 17, 3


def public_of(secret):
    public = ctypes.create_string_buffer(32)
    assert SODIUM.crypto_scalarmult_base(public, secret) == 0
    return public.raw


def key_text(word, key):
    return f"ttlog-{word}-" + base64.urlsafe_b64encode(key).decode().rstrip("=")


def key_of(text):
    return base64.urlsafe_b64decode(text.split("-", 2)[2] + "=")


def stream_call(name, *args):
    return getattr(SODIUM, STREAM + name)(*args)


def seal(pieces, publics, label=b""):
    """The file whose content are these pieces, each in messages of its own."""
    key = ctypes.create_string_buffer(32)
    stream_call("keygen", key)
    head = MAGIC + struct.pack("<HHI", 1, len(publics), len(label))
    for public in publics:
        sealed = ctypes.create_string_buffer(80)
        assert SODIUM.crypto_box_seal(sealed, key, ctypes.c_ulonglong(32), public) == 0
        head += sealed.raw
    state = ctypes.create_string_buffer(stream_call("statebytes"))
    start = ctypes.create_string_buffer(24)
    stream_call("init_push", state, start, key)
    head += label + start.raw
    data, before = head, head

    def push(content, tag):
        nonlocal data, before
        out = ctypes.create_string_buffer(len(content) + TAG)
        stream_call("push", state, out, None, content, ctypes.c_ulonglong(len(content)), before,
                    ctypes.c_ulonglong(len(before)), ctypes.c_ubyte(tag))  # fmt: skip
        data += struct.pack("<I", len(out)) + out.raw
        before = b""

    for piece in pieces:
        for at in range(0, len(piece), PIECE):
            push(piece[at : at + PIECE], 0)
    push(b"", FINAL)
    return data


def unseal(data, secret):
    """(label, messages), or an AssertionError."""
    version, cnt, label_len = struct.unpack("<HHI", data[8:16])
    assert data[:8] == MAGIC and version == 1 and 1 <= cnt <= 64 and label_len <= 1024
    label_at = 16 + 80 * cnt
    at = label_at + label_len + 24
    head, key = data[:at], ctypes.create_string_buffer(32)
    assert any(SODIUM.crypto_box_seal_open(key, head[i : i + 80], ctypes.c_ulonglong(80), public_of(secret), secret) == 0
               for i in range(16, label_at, 80)), "for other keys"  # fmt: skip
    state = ctypes.create_string_buffer(stream_call("statebytes"))
    assert stream_call("init_pull", state, head[-24:], key) == 0
    messages, before, tag = [], head, ctypes.c_ubyte(0)
    while tag.value != FINAL:
        (length,) = struct.unpack("<I", data[at : at + 4])
        message = data[at + 4 : at + 4 + length]
        assert TAG <= length <= PIECE + TAG and len(message) == length
        out = ctypes.create_string_buffer(length)
        assert stream_call("pull", state, out, None, ctypes.byref(tag), message, ctypes.c_ulonglong(length), before,
                           ctypes.c_ulonglong(len(before))) == 0, f"damaged at byte {at}"  # fmt: skip
        messages.append(out.raw[: length - TAG])
        at += 4 + length
        before = b""
    assert at == len(data)
    return head[label_at : label_at + label_len], messages
