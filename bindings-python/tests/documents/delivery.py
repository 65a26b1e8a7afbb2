"""What a page about webhooks leaves to its reader: an input, and a delivery of the service."""

from __future__ import annotations

from http.server import BaseHTTPRequestHandler, HTTPServer

import viseme

headers: dict[str, str] = {}
body = b""


class Receiver(BaseHTTPRequestHandler):
    """Keeps a delivery."""

    def do_POST(self) -> None:
        """Keep the headers and the body."""
        global body
        headers.update(self.headers.items())
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.send_response(204)
        self.end_headers()


sender = viseme.Client(pacing=0.1)
lipsync = viseme.AudioToVideo(audio="samples/voice.mp3", video="samples/face.mp4")
with HTTPServer(("127.0.0.1", 0), Receiver) as server:
    sender.submit(lipsync, webhook=f"http://127.0.0.1:{server.server_port}/hook")
    server.handle_request()
