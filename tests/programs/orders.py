# SPDX-License-Identifier: MIT
"""Takes orders, and then crashes in C, where Python can't say anything any more."""
import ctypes
import json


def parse(line):
    return json.loads(line)


def price_of(order):
    return order["quantity"] * order["price"]


def take_orders(lines):
    return sum(price_of(parse(line)) for line in lines)


def main():
    print(take_orders(['{"quantity": 3, "price": 10}', '{"quantity": 4, "price": 2}']), flush=True)
    ctypes.string_at(16)


main()
