"""Begins a search and follows it to its end, with nothing but gRPC and stubs generated from proto/.

Usage: search.py HOST:PORT NAME [LATENCY_LIMIT_MS]       (docs/api.md says how the stubs are made)
"""
import sys
import time
import uuid

import grpc
from boardloop.v1 import search_pb2, search_service_pb2, search_service_pb2_grpc

State = search_pb2.Search.State
Stage = search_pb2.Search.Stage


def begin(searches, name, latency_limit_ms):
    request = search_service_pb2.CreateSearchRequest(
        search_id=name, preset="quick", request_id=str(uuid.uuid4()))
    request.search.spec.limits.latency_ms = latency_limit_ms
    return searches.CreateSearch(request)


def follow(searches, name):
    """Yields the search after each change; goes on behind what it has seen when the stream breaks."""
    request = search_service_pb2.WatchSearchRequest(name=name)
    while True:
        try:
            for answer in searches.WatchSearch(request):
                request.resume_token = answer.resume_token
                yield answer.search
            return
        except grpc.RpcError as error:
            if error.code() != grpc.StatusCode.UNAVAILABLE:
                raise
            time.sleep(1)


def main():
    if len(sys.argv) not in (3, 4):
        sys.exit(__doc__)
    address, name = sys.argv[1:3]
    latency_limit_ms = float(sys.argv[3]) if len(sys.argv) > 3 else 0
    searches = search_service_pb2_grpc.SearchServiceStub(grpc.insecure_channel(address))
    search = begin(searches, name, latency_limit_ms)
    for search in follow(searches, search.name):
        progress = search.progress
        print(f"{Stage.Name(search.stage)} {progress.stage_fraction:.0%}", f"{progress.candidates} candidates",
              f"best top-1 {progress.best_top1:.4f}", search.waiting_for, sep="  ", flush=True)
    print(search.name, State.Name(search.state), search.message)
    front = searches.GetFront(search_service_pb2.GetFrontRequest(parent=search.name))
    for candidate in front.candidates:
        print(candidate.name, f"{candidate.top1:.4f}", f"{candidate.latency_ms:.2f} ms", candidate.subnet)
    return 0 if search.state == search_pb2.Search.SUCCEEDED else 1


if __name__ == "__main__":
    try:
        sys.exit(main())
    except grpc.RpcError as error:
        sys.exit(f"{error.code().name}: {error.details()}")
