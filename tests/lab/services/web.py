"""HTTP servers and the load balancer."""

from host import Daemon, Host

NGINX = """\
daemon off;
worker_processes 1;
pid /run/nginx.pid;
error_log /tmp/nginx.err;
events {{ worker_connections 256; }}
http {{
  access_log off;
  default_type text/plain;
  client_body_temp_path /tmp/nginx-body;
  proxy_temp_path /tmp/nginx-proxy;
  fastcgi_temp_path /tmp/nginx-fastcgi;
  uwsgi_temp_path /tmp/nginx-uwsgi;
  scgi_temp_path /tmp/nginx-scgi;
  keepalive_timeout {keepalive};
{body}
}}
"""


def nginx(host: Host, body: str, ports: list[int], keepalive: int = 65) -> Daemon:
    """`body` is what stands inside http { }."""
    path = host.write("nginx.conf", NGINX.format(body=body, keepalive=keepalive))
    return host.start("nginx", ["nginx", "-c", path], tcp=ports)


HAPROXY = """\
global
  maxconn 200
defaults
  mode http
  timeout connect 3s
  timeout client {idle}
  timeout server {idle}
  option forwardfor
{body}
"""


def haproxy(host: Host, body: str, ports: list[int], idle: str = "30s") -> Daemon:
    path = host.write("haproxy.cfg", HAPROXY.format(body=body, idle=idle))
    return host.start("haproxy", ["haproxy", "-db", "-f", path], tcp=ports)


def shop(host: Host, port: int, environment: dict[str, str]) -> Daemon:
    """The application server of apps/shop.py."""
    settings = [f"{name}={value}" for name, value in environment.items()]
    return host.start("shop", ["env", *settings, "/usr/bin/python3", "/opt/lab/apps/shop.py", str(port)], tcp=[port])
