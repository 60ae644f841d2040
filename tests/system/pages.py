"""HTTP servers that tell load: one address and port, answers by path, each as well or as badly behaved as a test wants."""
import http.server
import ssl
import threading
import time

PAGE = """# HELP calls Calls there are.
# TYPE calls gauge
calls{type="own"} %d
calls{type="foreign"} 900
invites_total %d
"""


class Pages:
    """Answers GET and POST until end(). Change `calls` and `status`; `asked` counts by path, `seen` holds the last request's headers and body."""

    def __init__(self, address="127.0.0.1", certificate=None):
        self.calls, self.invites, self.asked, self.seen, self.gone = 50, 0, {}, {}, threading.Event()
        pages = self

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def log_message(self, *_):
                pass

            def do_POST(self):
                self.do_GET()

            def do_GET(self):
                body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
                pages.asked[self.path] = pages.asked.get(self.path, 0) + 1
                pages.seen[self.path] = (dict(self.headers), body)
                try:
                    pages.answer(self)
                except OSError:
                    pass  # it had enough

        class Server(http.server.ThreadingHTTPServer):
            daemon_threads, request_queue_size = True, 128

            def handle_error(self, *_):
                pass  # a client that does not trust us goes away in the middle of the handshake

        self.server = Server((address, 0), Handler)
        if certificate:
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(*certificate)
            self.server.socket = context.wrap_socket(self.server.socket, server_side=True, do_handshake_on_connect=False)
        self.port = self.server.server_address[1]
        self.url = f"http{'s' if certificate else ''}://{address}:{self.port}"
        self.thread = threading.Thread(target=self.server.serve_forever, kwargs={"poll_interval": 0.1}, daemon=True)
        self.thread.start()

    def answer(self, to):
        path = to.path.split("?")[0]
        status, headers, text = 200, {}, PAGE % (self.calls, self.invites)
        if path == "/json":
            text = '{"result": [{"dialog.active": "%d"}, %d]}' % (self.calls, self.calls)
        elif path == "/basic":
            status = 200 if to.headers.get("Authorization") == "Basic dTpzZWNyZXQtd29yZA==" else 401  # u:secret-word
        elif path == "/bearer":
            status = 200 if to.headers.get("Authorization") == "Bearer secret-token" else 401
        elif path == "/500":
            status = 500
        elif path == "/redirect":
            status, headers = 302, {"Location": "/metrics"}
        elif path == "/html":
            text = "<html><body>calls 12</body></html>\n"
        elif path == "/slow":
            self.gone.wait(20)
        elif path == "/endless":
            return self.endless(to)
        to.send_response(status)
        for name, value in {"Content-Length": len(text), **headers}.items():
            to.send_header(name, str(value))
        to.end_headers()
        to.wfile.write(text.encode())

    def endless(self, to):
        to.send_response(200)
        to.send_header("Transfer-Encoding", "chunked")
        to.end_headers()
        for _ in range(4000):
            to.wfile.write(b"400\r\n" + b"x 1\n" * 256 + b"\r\n")
            if self.gone.is_set():
                return
        time.sleep(0.1)

    def end(self):
        self.gone.set()
        self.server.shutdown()
        self.server.server_close()
        self.thread.join()
