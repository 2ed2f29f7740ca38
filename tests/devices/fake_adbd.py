"""A fake of Android's adbd: it speaks the real wire protocol to the real `adb` client, over loopback.

Debian has the client but no daemon. Shell commands run in this machine's `sh`, with a folder of stubs first on PATH;
files are this machine's. What goes wrong is chosen by the attributes of `FakePhone`, also while it runs.
"""

import os
import queue
import selectors
import socket
import struct
import subprocess
import threading
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

SYNC, OPEN, OKAY, CLOSE, WRITE, AUTH = (
    int.from_bytes(word, "little") for word in (b"CNXN", b"OPEN", b"OKAY", b"CLSE", b"WRTE", b"AUTH")
)
VERSION = 0x01000001  # from this version on, checksums are not looked at
MAX_DATA = 1 << 18
AUTH_TOKEN, AUTH_SIGNATURE = 1, 2
BANNER = b"device::ro.product.name=fake;ro.product.model=FakePhone;ro.product.device=fake;features=shell_v2,cmd,stat_v2"


@dataclass
class FakePhone:
    """`authorised`, `answers`: whether it lets the client in, and speaks at all. `full`: no file can be written.

    `drop_every`: every so manieth service is closed as soon as it is opened. `hang`: commands never end.
    `keeps`: a command goes on when its connection has ended, as on some phones.
    """

    stubs: Path
    environment: dict[str, str] = field(default_factory=dict)
    authorised: bool = True
    answers: bool = True
    full: bool = False
    hang: bool = False
    keeps: bool = False
    drop_every: int = 0
    services: int = 0
    commands: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self._sockets: list[socket.socket] = []
        self.port = 0
        self.plug_in()

    @property
    def serial(self) -> str:
        return f"127.0.0.1:{self.port}"

    def plug_in(self) -> None:
        """There, at the port of before."""
        self._listener = socket.create_server(("127.0.0.1", self.port))
        self.port = self._listener.getsockname()[1]
        threading.Thread(target=self._accept, args=(self._listener,), daemon=True).start()

    def unplug(self) -> None:
        """Gone: connections end and no new one is taken."""
        for one in (self._listener, *self._sockets):
            with suppress(OSError):
                one.shutdown(socket.SHUT_RDWR)
            one.close()

    def drops(self) -> bool:
        """Whether the service that is opened now is one to be dropped."""
        self.services += 1
        return bool(self.drop_every) and self.services % self.drop_every == 0

    def _accept(self, listener: socket.socket) -> None:
        with suppress(OSError):
            while True:
                connection, _ = listener.accept()
                connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                self._sockets.append(connection)
                threading.Thread(target=Transport(self, connection).serve, daemon=True).start()


class Transport:
    """One connection of the adb server: messages of 24 bytes and data, for several streams."""

    def __init__(self, phone: FakePhone, connection: socket.socket) -> None:
        self.phone, self._connection = phone, connection
        self._lock = threading.Lock()
        self._streams: dict[int, Stream] = {}
        self._next = 1
        self.max_data = MAX_DATA

    def send(self, command: int, first: int, second: int, data: bytes = b"") -> None:
        head = struct.pack("<6I", command, first, second, len(data), sum(data) & 0xFFFFFFFF, command ^ 0xFFFFFFFF)
        with self._lock, suppress(OSError):
            self._connection.sendall(head + data)

    def forget(self, stream: int) -> None:
        self._streams.pop(stream, None)

    def serve(self) -> None:
        with suppress(EOFError, OSError):
            while True:
                command, first, second, length, _, _ = struct.unpack("<6I", self._read(24))
                self._handle(command, first, second, self._read(length) if length else b"")
        for stream in list(self._streams.values()):
            stream.end()

    def _handle(self, command: int, first: int, second: int, data: bytes) -> None:
        if command == SYNC and self.phone.answers:
            self._greet(second)
        elif command == AUTH and first == AUTH_SIGNATURE:
            self.send(AUTH, AUTH_TOKEN, 0, bytes(20))  # as a phone that does not know the key: the client sends another
        elif command == OPEN:
            self._open(first, data.rstrip(b"\0").decode())
        elif command == WRITE and second in self._streams:
            self._streams[second].given.put(data)
            self.send(OKAY, second, first)
        elif command == OKAY and second in self._streams:
            self._streams[second].acknowledged.release()
        elif command == CLOSE and second in self._streams:
            self._streams.pop(second).end()

    def _greet(self, max_data: int) -> None:
        self.max_data = min(max_data, MAX_DATA)
        if self.phone.authorised:
            self.send(SYNC, VERSION, self.max_data, BANNER)
        else:
            self.send(AUTH, AUTH_TOKEN, 0, bytes(20))

    def _open(self, remote: int, service: str) -> None:
        if self.phone.drops():
            self.send(CLOSE, 0, remote)
            return
        stream = Stream(self, self._next, remote, service)
        self._streams[self._next] = stream
        self._next += 1
        self.send(OKAY, stream.number, remote)
        threading.Thread(target=stream.serve, daemon=True).start()

    def _read(self, length: int) -> bytes:
        found = b""
        while len(found) < length:
            part = self._connection.recv(length - len(found))
            if not part:
                raise EOFError
            found += part
        return found


class Stream:
    """One service of a connection: a shell command or a transfer of files."""

    def __init__(self, transport: Transport, number: int, remote: int, service: str) -> None:
        self._transport, self.number, self._remote, self._service = transport, number, remote, service
        self.given: queue.Queue[bytes | None] = queue.Queue()
        self.acknowledged = threading.Semaphore(0)
        self._ended = False
        self._rest = b""

    def end(self) -> None:
        self._ended = True
        self.given.put(None)
        self.acknowledged.release()

    def serve(self) -> None:
        with suppress(EOFError, OSError):
            if self._service == "sync:":
                self._transfer()
            else:
                self._shell()
        if not self._ended:
            self._transport.send(CLOSE, self.number, self._remote)
        self._transport.forget(self.number)

    def _write(self, data: bytes) -> None:
        for start in range(0, len(data), self._transport.max_data):
            if self._ended:
                raise EOFError
            part = data[start : start + self._transport.max_data]
            self._transport.send(WRITE, self.number, self._remote, part)
            self.acknowledged.acquire()

    def _read(self, length: int) -> bytes:
        while len(self._rest) < length:
            part = self.given.get()
            if part is None:
                raise EOFError
            self._rest += part
        found, self._rest = self._rest[:length], self._rest[length:]
        return found

    def _shell(self) -> None:
        """`shell,v2,raw:COMMAND`: packets of a byte for the stream, a length and the data; 3 is the exit code."""
        command = self._service.partition(":")[2]
        phone = self._transport.phone
        phone.commands.append(command)
        path = f"{phone.stubs}:{os.environ['PATH']}"
        child = subprocess.Popen(
            ["sh", "-c", "sleep 60" if phone.hang else command],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            env={**os.environ, "PATH": path, **phone.environment},
            start_new_session=True,
        )
        threading.Thread(target=self._feed, args=(child,), daemon=True).start()
        try:
            self._carry(child)
        finally:
            self.given.put(None)  # ends the feeder, which closes the command's input
            if self._ended and not phone.keeps:
                with suppress(ProcessLookupError):
                    os.killpg(child.pid, 9)
            code = 0 if phone.keeps and self._ended else child.wait()
            child.stdout.close()
            child.stderr.close()
        self._write(struct.pack("<BIB", 3, 1, code & 255))

    def _carry(self, child: subprocess.Popen[bytes]) -> None:
        """What the command writes to the client, until both of its outputs end."""
        with selectors.DefaultSelector() as waiting:  # `select` knows no file above number 1023
            waiting.register(child.stdout, selectors.EVENT_READ, 1)
            waiting.register(child.stderr, selectors.EVENT_READ, 2)
            while waiting.get_map() and not self._ended:
                for key, _ in waiting.select(0.1):
                    data = os.read(key.fd, 1 << 15)
                    if data:
                        self._write(struct.pack("<BI", key.data, len(data)) + data)
                    else:
                        waiting.unregister(key.fileobj)

    def _feed(self, child: subprocess.Popen[bytes]) -> None:
        """Input packets to the command: 0 is data, 3 is its end."""
        with suppress(EOFError, OSError):
            while True:
                kind, length = struct.unpack("<BI", self._read(5))
                data = self._read(length)
                if kind == 0:
                    child.stdin.write(data)
                    child.stdin.flush()
                elif kind == 3:
                    break
        with suppress(OSError):
            child.stdin.close()

    def _transfer(self) -> None:
        while True:
            word, length = struct.unpack("<4sI", self._read(8))
            if word == b"QUIT":
                return
            path = self._read(length).decode()
            if word == b"STAT":
                self._write(b"STAT" + struct.pack("<3I", *_status(path)))
            elif word in (b"STA2", b"LST2"):
                mode, size, changed = _status(path)
                fields = (0 if mode else 2, 0, 0, mode, 1, 0, 0, size, changed, changed, changed)
                self._write(word + struct.pack("<IQQIIIIQqqq", *fields))
            elif word == b"SEND":
                self._receive(path)
            else:
                self._fail(f"not in this fake: {word!r}")
                return

    def _receive(self, target: str) -> None:
        path, _, mode = target.rpartition(",")
        content = b""
        while True:
            word, length = struct.unpack("<4sI", self._read(8))
            if word == b"DONE":
                break
            content += self._read(length)
        if self._transport.phone.full:
            self._fail("couldn't write to file: No space left on device")
            return
        try:
            Path(path).write_bytes(content)
            Path(path).chmod(int(mode) & 0o777)
        except OSError as error:
            self._fail(str(error))
            return
        self._write(b"OKAY" + bytes(4))

    def _fail(self, reason: str) -> None:
        self._write(b"FAIL" + struct.pack("<I", len(reason)) + reason.encode())


def _status(path: str) -> tuple[int, int, int]:
    try:
        found = Path(path).stat()
    except OSError:
        return 0, 0, 0
    return found.st_mode, found.st_size, int(found.st_mtime)
