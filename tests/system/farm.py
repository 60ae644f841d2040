"""Many small SIP servers in one thread: each address answers OPTIONS over UDP and TCP as its mode says."""
import re
import selectors
import socket
import threading


def response(request, status, reason, headers=()):
    """A SIP response to a request's text, as RFC 3261 8.2.6 has it."""
    copied = [line for line in request.split("\r\n") if re.match(r"(via|v|from|f|to|t|call-id|i|cseq)\s*:", line, re.IGNORECASE)]
    copied = [line + ";tag=farm" if re.match(r"(to|t)\s*:", line, re.IGNORECASE) and "tag=" not in line else line for line in copied]
    return "\r\n".join([f"SIP/2.0 {status} {reason}", *copied, *headers, "Content-Length: 0", "", ""])


class Farm:
    """modes: 'ok', 'silent', 'garbage', an int status, or (status, [header...]). close() one address to have it refuse."""

    def __init__(self, addresses, port=5060):
        self.port, self.modes, self.asked, self.sockets = port, {}, {}, {}
        self.selector, self.lock, self.running = selectors.DefaultSelector(), threading.Lock(), True
        self.wake_r, self.wake_w = socket.socketpair()
        self.selector.register(self.wake_r, selectors.EVENT_READ, ("wake", None))
        for address in addresses:
            self.open(address)
        self.thread = threading.Thread(target=self._loop, daemon=True)
        self.thread.start()

    def open(self, address, mode="ok"):
        udp, tcp = socket.socket(socket.AF_INET, socket.SOCK_DGRAM), socket.socket(socket.AF_INET, socket.SOCK_STREAM)
        tcp.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        for s in (udp, tcp):
            s.bind((address, self.port))
            s.setblocking(False)
        tcp.listen(64)
        with self.lock:
            self.modes[address], self.sockets[address] = mode, (udp, tcp)
            self.asked.setdefault(address, 0)
            self.selector.register(udp, selectors.EVENT_READ, ("udp", address))
            self.selector.register(tcp, selectors.EVENT_READ, ("listen", address))
        self.wake_w.send(b"x")

    def close(self, *addresses):
        """These addresses refuse from now on."""
        with self.lock:
            for address in addresses:
                del self.sockets[address]
            for key in list(self.selector.get_map().values()):
                if key.data[1] in addresses:  # the sockets, and the connections that were made to it
                    self.selector.unregister(key.fileobj)
                    key.fileobj.close()

    def set(self, mode, *addresses):
        with self.lock:
            for address in addresses or list(self.modes):
                self.modes[address] = mode

    def _answer(self, address, octets):
        self.asked[address] += 1
        mode, request = self.modes[address], octets.decode("utf-8", "replace")
        if mode == "silent" or not request.startswith("OPTIONS "):
            return None
        if mode == "garbage":
            return b"SIP/2.0 200 \r\nVia x\r\n\0\xff"
        status, headers = mode if isinstance(mode, tuple) else (200 if mode == "ok" else mode, [])
        return response(request, status, "OK" if status == 200 else "No", headers).encode()

    def _serve(self, key):
        kind, address = key.data
        s = key.fileobj
        if kind == "wake":
            s.recv(64)
        elif kind == "listen":
            peer, _ = s.accept()
            peer.setblocking(False)
            self.selector.register(peer, selectors.EVENT_READ, ("tcp", address))
        elif kind == "udp":
            octets, peer = s.recvfrom(65535)
            answer = self._answer(address, octets)
            if answer:
                s.sendto(answer, peer)
        else:
            octets = s.recv(65535)
            answer = self._answer(address, octets) if octets else None
            if answer:
                s.send(answer)
            if not octets:
                self.selector.unregister(s)
                s.close()

    def _loop(self):
        while self.running:
            events = self.selector.select(0.2)
            with self.lock:
                for key, _ in events:
                    try:
                        if key.fileobj.fileno() >= 0:
                            self._serve(key)
                    except (OSError, KeyError):
                        pass

    def end(self):
        self.running = False
        self.wake_w.send(b"x")
        self.thread.join(5)
        for key in list(self.selector.get_map().values()):
            key.fileobj.close()
        self.wake_w.close()
        self.selector.close()
