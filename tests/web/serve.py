"""The pi service alone on one port, 0 for any, for browser tests: python serve.py DATA_DIR PORT"""

import asyncio
import signal
import sys
from pathlib import Path

from tornado.httpserver import HTTPServer
from tornado.netutil import bind_sockets
from tornado.web import Application

from pi_service.engines.local_engine import LocalEngine
from pi_service.handlers import routes
from pi_service.service import Service


async def main(data_dir: Path, port: int) -> None:
    service = Service(data_dir, engine=LocalEngine(workers=2))  # so that a job takes as long on more cores
    await service.start()
    server = HTTPServer(Application(routes.routes(service), **routes.settings()))
    (listener,) = bind_sockets(port, "127.0.0.1")
    server.add_socket(listener)
    asked = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, asked.set)
    print("ready", listener.getsockname()[1], flush=True)  # the test waits for this line
    await asked.wait()
    server.stop()
    await service.stop()


if __name__ == "__main__":
    asyncio.run(main(Path(sys.argv[1]), int(sys.argv[2])))
