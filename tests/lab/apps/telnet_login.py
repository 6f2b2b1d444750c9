"""Logs in by Telnet as a person would, waiting for each prompt. usage: telnet_login.py HOST USER PASSWORD"""

import sys
import warnings

warnings.simplefilter("ignore", DeprecationWarning)
import telnetlib  # noqa: E402

with telnetlib.Telnet(sys.argv[1], 23, 15) as session:
    for prompt, answer in ((b"login: ", sys.argv[2]), (b"assword: ", sys.argv[3]), (b"$ ", "id"), (b"$ ", "exit")):
        seen = session.read_until(prompt, 15)
        if not seen.endswith(prompt):
            sys.exit(f"no {prompt!r} but {seen!r}")
        session.write(answer.encode() + b"\r\n")
    session.read_all()
