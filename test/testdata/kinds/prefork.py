"""A FastCGI worker that forks before it serves, as many of Python's servers do, and answers each request from a thread."""

import multiprocessing
import os
import signal
import socket
import subprocess
import struct
import threading
import time


def read_record(f):
    version, kind, request, length, padding, _ = struct.unpack("!BBHHBB", f.read(8))
    return kind, request, f.read(length + padding)[:length]


def pairs(data):
    """Decodes name-value pairs."""
    result, at = {}, 0

    def number():
        nonlocal at
        n, at = data[at], at + 1
        if n & 0x80:
            n, at = struct.unpack("!I", data[at - 1 : at + 3])[0] & 0x7FFFFFFF, at + 3
        return n

    while at < len(data):
        name, value = number(), number()
        result[data[at : at + name]] = data[at + name : at + name + value]
        at += name + value
    return result


def page(query):
    if query == b"exec":
        try:
            return subprocess.run(["/usr/bin/id"], capture_output=True).stdout
        except OSError as e:
            return str(e.errno).encode()
    if query == b"lock":  # a semaphore in shared memory
        with multiprocessing.get_context("fork").Lock():
            return b"locked"
    return b"a page of %d" % (os.getppid() == parent)


def answer(f, request, params):
    body = b"Content-Type: text/plain\r\n\r\n" + page(params.get(b"QUERY_STRING", b""))
    record = lambda kind, content: struct.pack("!BBHHBB", 1, kind, request, len(content), 0, 0) + content
    f.write(record(6, body) + record(6, b"") + record(3, b"\0" * 8))
    f.flush()


def serve(connection):
    f = connection.makefile("rwb")
    params = b""
    while f.peek(1):
        kind, request, content = read_record(f)
        if kind == 4:
            params += content
        elif kind == 5 and not content:
            thread = threading.Thread(target=answer, args=(f, request, pairs(params)))
            thread.start()
            thread.join()
            params = b""


parent = os.getpid()
listener = socket.socket(fileno=0)
children = []
for _ in range(2):
    pid = os.fork()
    if pid == 0:
        while True:
            serve(listener.accept()[0])
    children.append(pid)
os.kill(children.pop(), signal.SIGTERM)  # and one is stopped, as a server with too many would do
os.wait()
while True:
    time.sleep(3600)
