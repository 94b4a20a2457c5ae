"""Serve a GGUF file in OpenAI's protocol on loopback: `python serve.py MODEL.gguf PORT`."""

from __future__ import annotations

import sys
import threading

import xllamacpp


def main(path: str, port: int) -> None:
    params = xllamacpp.CommonParams()
    params.model.path = path
    params.hostnames = ["127.0.0.1"]
    params.port = port
    params.n_ctx = 4096
    params.n_parallel = 1
    params.cpuparams.n_threads = 2
    params.warmup = False
    server = xllamacpp.Server(params)
    print(server.listening_address, flush=True)
    threading.Event().wait()


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]))
