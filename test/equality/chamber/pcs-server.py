"""Loads pcs once and forks for each call: pcs-server SOCKET.

A client sends its standard streams as file descriptors, and as text its working
directory, its environment and its arguments. It gets back the exit code. Each call
is a process of its own, so that nothing of one reaches the next.
"""
import array
import os
import signal
import socket
import struct
import sys

sys.argv[0] = "/usr/sbin/pcs"
from pcs import app  # noqa: E402  (the slow part)


def receive(connection):
    descriptors = array.array("i")
    data, ancillary, _, _ = connection.recvmsg(4, socket.CMSG_LEN(3 * descriptors.itemsize))
    for level, kind, payload in ancillary:
        if level == socket.SOL_SOCKET and kind == socket.SCM_RIGHTS:
            descriptors.frombytes(payload)
    length = struct.unpack("!I", data)[0]
    text = b""
    while len(text) < length:
        part = connection.recv(length - len(text))
        if not part:
            raise EOFError
        text += part
    cwd, environment, arguments = text.decode("utf-8", "surrogateescape").split("\0\0")
    return list(descriptors), cwd, environment.split("\0"), [a[1:] for a in arguments.split("\0")]


def serve(connection):
    descriptors, cwd, environment, arguments = receive(connection)
    for stream, descriptor in enumerate(descriptors):
        os.dup2(descriptor, stream)
        os.close(descriptor)
    os.chdir(cwd)
    os.environ.clear()
    os.environ.update(e.split("=", 1) for e in environment if "=" in e)
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    sys.argv[1:] = arguments
    code = 0
    try:
        app.main(arguments)
    except SystemExit as stop:
        code = stop.code if isinstance(stop.code, int) else 0 if stop.code is None else 1
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
    connection.sendall(struct.pack("!B", code & 255))


def main():
    path = sys.argv[1]
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)
    listener = socket.socket(socket.AF_UNIX)
    listener.bind(path + ".new")
    listener.listen(64)
    os.rename(path + ".new", path)
    while True:
        connection, _ = listener.accept()
        if os.fork() == 0:
            listener.close()
            try:
                serve(connection)
            finally:
                sys.stderr.flush()
                os._exit(0)
        connection.close()


main()
