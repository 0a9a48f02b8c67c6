#!/usr/bin/env python3
"""docker/healthz.sh, the health check of worker and agent, against a server that is well, one that is not, and none."""

import http.server
import pathlib
import subprocess
import threading
import unittest

SCRIPT = pathlib.Path(__file__).resolve().parents[2] / "docker/healthz.sh"


class HealthzTest(unittest.TestCase):
    def serve(self, code):
        asked = []

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_GET(self):
                asked.append(self.path)
                self.send_response(code)
                self.end_headers()

            def log_message(self, *_):
                pass

        server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        self.addCleanup(thread.join)
        self.addCleanup(server.server_close)
        self.addCleanup(server.shutdown)
        return server.server_port, asked

    def check(self, port):
        return subprocess.run([SCRIPT, str(port)], capture_output=True, text=True, check=False)

    def test_a_program_that_is_well(self):
        port, asked = self.serve(200)
        self.assertEqual(self.check(port).returncode, 0)
        self.assertEqual(asked, ["/healthz"])

    def test_a_program_that_is_not(self):
        port, _ = self.serve(503)
        told = self.check(port)
        self.assertEqual(told.returncode, 1)
        self.assertIn("answered 503, 200 was expected", told.stderr)

    def test_nobody_there(self):
        server = http.server.HTTPServer(("127.0.0.1", 0), http.server.BaseHTTPRequestHandler)
        port = server.server_port
        server.server_close()
        self.assertNotEqual(self.check(port).returncode, 0)


if __name__ == "__main__":
    unittest.main()
