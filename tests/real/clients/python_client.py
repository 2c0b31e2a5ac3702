"""Drives socketd with grpcio, knowing nothing but what reflection tells.

Arguments: the address of the API, and a path for a socket of its own. Prints one line a step; the
test compares them. Ends with 0 only if everything went as it should.
"""

import sys

import grpc
from google.protobuf import descriptor_pool, message_factory
from grpc_reflection.v1alpha.proto_reflection_descriptor_database import (
    ProtoReflectionDescriptorDatabase,
)

SERVICE = "socketd.v1.UnitService"


class Client:
    """The methods of the service, made from its descriptors."""

    def __init__(self, channel):
        self.channel = channel
        self.database = ProtoReflectionDescriptorDatabase(channel)
        self.pool = descriptor_pool.DescriptorPool(self.database)
        self.service = self.pool.FindServiceByName(SERVICE)

    def call(self, name, fields=None):
        method = self.service.methods_by_name[name]
        request = message_factory.GetMessageClass(method.input_type)(**(fields or {}))
        kind = self.channel.unary_stream if method.server_streaming else self.channel.unary_unary
        stub = kind(
            f"/{SERVICE}/{name}",
            request_serializer=lambda message: message.SerializeToString(),
            response_deserializer=message_factory.GetMessageClass(method.output_type).FromString,
        )
        return stub(request, timeout=20)


def moves(watch, last):
    """The states up to and with `last`."""
    states = []
    for message in watch:
        if message.HasField("change"):
            states.append(message.change.to)
            if message.change.to == last:
                return states
    return states


def reason_of(client, error):
    """The reason in the google.rpc.ErrorInfo of a failed call."""
    for key, value in error.trailing_metadata():
        if key == "grpc-status-details-bin":
            for name in ("google.rpc.Status", "google.rpc.ErrorInfo"):
                kind = message_factory.GetMessageClass(client.pool.FindMessageTypeByName(name))
                if name.endswith("Status"):
                    detail = kind.FromString(value).details[0]
                else:
                    return kind.FromString(detail.value).reason
    return "none"


def main(address, path):
    with grpc.insecure_channel(address) as channel:
        client = Client(channel)
        print("services:", SERVICE in client.database.get_services())
        text = f"[Socket]\nListenStream={path}\nAccept=yes\n"
        made = client.call("CreateUnit", {"unit_id": "py.socket", "unit_file": text})
        print("created:", made.name)
        text = "[Service]\nExecStart=/bin/cat\nStandardInput=socket\n"
        client.call("CreateUnit", {"unit_id": "py@.service", "unit_file": text})
        watch = client.call("WatchUnits", {"names": ["py.socket"]})
        while not next(watch).HasField("snapshot_end"):
            pass
        print("started:", client.call("StartUnit", {"name": "py.socket"}).unit.status.sub_state)
        print("moves:", " ".join(moves(watch, "listening")))
        watch.cancel()
        try:
            client.call("GetUnit", {"name": "no.socket"})
        except grpc.RpcError as error:
            print("error:", error.code().name, reason_of(client, error))
        client.call("StopUnit", {"name": "py.socket"})
        client.call("DeleteUnit", {"name": "py.socket"})
        print("deleted:", len(client.call("ListUnits", {"patterns": ["py.*"]}).units) == 0)


if __name__ == "__main__":
    main(*sys.argv[1:])
