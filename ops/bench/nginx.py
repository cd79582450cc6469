"""nginx as a peer in a bench: with Nchan, or as the proxy in Envoy's place."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

from ops.bench.process_cost import only_child
from ops.local_cluster.ports import free_port, is_free
from ops.local_cluster.process import ManagedProcess

INSTALL_HINT = "apt-get install --no-install-recommends nginx-light libnginx-mod-nchan"
NCHAN_MODULE = Path("/usr/lib/nginx/modules/ngx_nchan_module.so")
_PATHS = ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")


def nginx_program() -> str | None:
    return shutil.which("nginx", path="/usr/sbin:/usr/local/sbin:/usr/bin:/usr/local/bin")


def has_nchan() -> bool:
    return nginx_program() is not None and NCHAN_MODULE.exists()


class Nginx:
    """One nginx with one worker on a free port; ``conf(port)`` is what follows its common lines."""

    def __init__(self, folder: Path, conf: Callable[[int], str]) -> None:
        self.port = free_port()
        self._folder = folder
        self._conf = conf
        config = folder / "nginx.conf"
        command = [nginx_program() or "nginx", "-p", str(folder), "-c", str(config), "-e", str(folder / "error.log")]
        self._process = ManagedProcess("nginx", command, log_file=folder / "nginx.log")

    @property
    def worker(self) -> int:
        """The process id of its worker."""
        assert self._process.pid is not None
        return only_child(self._process.pid)

    async def start(self) -> None:
        """Raises ``ProcessError`` with nginx's own words."""
        self._folder.mkdir(parents=True, exist_ok=True)
        (self._folder / "nginx.conf").write_text(self._conf(self.port), encoding="utf-8")
        await self._process.start()
        await self._process.wait_ready(lambda: not is_free(self.port), deadline_s=10)

    async def stop(self) -> None:
        await self._process.stop()


def proxy_conf(port: int, backend: str) -> str:
    """Streams go on to ``backend`` (``host:port``) as they come."""
    return _conf(
        port,
        f"""location / {{
            proxy_pass http://{backend};
            proxy_http_version 1.1;
            proxy_set_header Connection "";
            proxy_buffering off;
            proxy_read_timeout 1h;
        }}""",
    )


def nchan_conf(port: int) -> str:
    """A channel a video, over the same paths as ours."""
    return f"load_module {NCHAN_MODULE};\n" + _conf(
        port,
        """location ~ ^/comments/([^/]+)/stream$ {
            nchan_subscriber eventsource;
            nchan_channel_id $1;
            nchan_subscriber_first_message newest;
        }
        location ~ ^/publish/([^/]+)$ {
            nchan_publisher;
            nchan_channel_id $1;
        }""",
    )


def _conf(port: int, locations: str) -> str:
    temporary = "\n    ".join(f"{name}_temp_path {name};" for name in _PATHS)
    return f"""daemon off;
worker_processes 1;
pid nginx.pid;
events {{ worker_connections 19000; }}
http {{
    access_log off;
    tcp_nodelay on;
    {temporary}
    server {{
        listen 127.0.0.1:{port} backlog=4096;
        {locations}
    }}
}}
"""
