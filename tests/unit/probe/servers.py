"""Small misbehaving servers, each with a script of its own."""

import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager


class Served:
    """What a server saw: the raw heads of the requests."""

    def __init__(self, port: int) -> None:
        self.url = f"http://127.0.0.1:{port}/v1"
        self.heads: list[str] = []
        self.stopped = threading.Event()

    def drip(self, connection: socket.socket, data: bytes, pause: float) -> None:
        """One byte after another until the test is over."""
        for value in data:
            if self.stopped.wait(pause):
                return
            connection.sendall(bytes([value]))


Script = Callable[[socket.socket, str, Served], None]


@contextmanager
def serving(script: Script, end: bytes = b"\r\n\r\n") -> Iterator[Served]:
    """Each connection is read up to ``end``, given to ``script``, and closed."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        served = Served(listener.getsockname()[1])
        threads: list[threading.Thread] = []

        def answer(connection: socket.socket) -> None:
            with connection:
                head = b""
                while end not in head and (more := connection.recv(65536)):
                    head += more
                text = head.decode("latin-1")
                served.heads.append(text)
                try:
                    script(connection, text, served)
                except OSError:
                    return  # the client has gone, as it should

        def accept() -> None:
            while True:
                connection, _ = listener.accept()
                if served.stopped.is_set():
                    connection.close()
                    return
                threads.append(threading.Thread(target=answer, args=(connection,)))
                threads[-1].start()

        acceptor = threading.Thread(target=accept)
        acceptor.start()
        try:
            yield served
        finally:
            served.stopped.set()
            with socket.socket() as last:  # by address: a test may have replaced the resolver
                last.connect(listener.getsockname())
            for thread in [acceptor, *threads]:
                thread.join()


def fixed(status: str, body: bytes = b"{}", *headers: str) -> Script:
    """The same answer to every request."""
    head = "\r\n".join([f"HTTP/1.1 {status}", f"Content-Length: {len(body)}", "Connection: close", *headers, "", ""])

    def script(connection: socket.socket, _: str, __: Served) -> None:
        connection.sendall(head.encode("latin-1") + body)

    return script
