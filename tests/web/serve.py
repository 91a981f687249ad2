"""The pi service alone on one port, for browser tests: python serve.py DATA_DIR PORT"""

import asyncio
import signal
import sys
from pathlib import Path

from tornado.httpserver import HTTPServer
from tornado.web import Application

from pi_service.engines.local_engine import LocalEngine
from pi_service.handlers import routes
from pi_service.service import Service


async def main(data_dir: Path, port: int) -> None:
    service = Service(data_dir, engine=LocalEngine())
    await service.start()
    server = HTTPServer(Application(routes.routes(service), **routes.settings()))
    server.listen(port, "127.0.0.1", reuse_port=False)
    asked = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, asked.set)
    print("ready", flush=True)  # the test waits for this line
    await asked.wait()
    server.stop()
    await service.stop()


if __name__ == "__main__":
    asyncio.run(main(Path(sys.argv[1]), int(sys.argv[2])))
