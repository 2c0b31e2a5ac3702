// What a descriptor of the fake world stands for: an open file description, shared by everyone who
// holds a copy. It is gone when the last copy is. A Conversation is a connection, seen from both
// ends.
#pragma once

#include <cstdint>
#include <deque>
#include <memory>
#include <string>
#include <vector>

#include "server/base/socket_address.h"
#include "server/kernel/types.h"

namespace socketd::sim {

struct FakeFile;

struct FakePacket {
  std::string data;
  std::vector<std::shared_ptr<FakeFile>> files;
  Peer peer;
  bool truncated = false;
  uint64_t number = 0;  // of those that nobody is connected for
};

struct Conversation {
  uint64_t id = 0;
  SocketAddress local;
  SocketAddress remote;
  Peer peer;
  std::string to_server;           // bytes not yet read
  std::deque<FakePacket> packets;  // packets not yet read
  std::deque<FakePacket> answers;  // what the client got
  int accepted_by = -1;            // 0: the daemon; else a pid; -1: nobody yet
  bool client_left = false;
  bool server_left = false;  // refused, or every copy of its descriptor is closed
};

struct FakeFile {
  enum class Kind : uint8_t {
    kListener,
    kDatagram,
    kFifo,
    kConnection,
    kPipeRead,
    kPipeWrite,
    kMemory,  // nothing ever happens to it
  };

  FakeFile() = default;
  FakeFile(const FakeFile&) = delete;
  FakeFile& operator=(const FakeFile&) = delete;
  ~FakeFile() {
    if (talk) talk->server_left = true;
    for (const auto& client : waiting)
      client->server_left = true;
  }

  Kind kind = Kind::kListener;
  std::string label;  // what a process that made it calls it
  ListenSpec spec;
  SocketAddress bound;
  uint64_t node = 0;
  bool broken = false;                                // shut down by somebody
  std::deque<std::shared_ptr<Conversation>> waiting;  // listeners
  std::deque<FakePacket> packets;                     // datagram sockets
  std::string bytes;                                  // FIFOs and pipes
  std::weak_ptr<FakeFile> other_end;                  // pipes
  std::shared_ptr<Conversation> talk;                 // connections
};

struct Readiness {
  bool readable = false;
  bool hang_up = false;
};

inline Readiness ReadinessOf(const FakeFile& file) {
  switch (file.kind) {
    case FakeFile::Kind::kListener:
      return {!file.waiting.empty() || file.broken, file.broken};
    case FakeFile::Kind::kDatagram:
      return {!file.packets.empty() || file.broken, file.broken};
    case FakeFile::Kind::kFifo:
      return {!file.bytes.empty(), false};
    case FakeFile::Kind::kConnection:
      return {
          !file.talk->to_server.empty() || !file.talk->packets.empty() || file.talk->client_left,
          file.talk->client_left};
    case FakeFile::Kind::kPipeRead:
      return {!file.bytes.empty(), file.other_end.expired()};
    case FakeFile::Kind::kPipeWrite:
      return {false, file.other_end.expired()};
    case FakeFile::Kind::kMemory:
      return {};
  }
  return {};
}

}  // namespace socketd::sim
