// The sockets and FIFOs of the fake world and the clients that come to them. Connections stay in
// their listener's queue until somebody accepts them, whoever that is; an address is free again
// when the last copy of its descriptor is closed.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

#include "server/kernel/types.h"
#include "tests/sim/fake_file.h"
#include "tests/sim/fake_files.h"

namespace socketd::sim {

using Client = std::shared_ptr<Conversation>;

class FakePorts {
 public:
  explicit FakePorts(FakeFiles& files) : files_(files) {}

  // ---- for tests ----

  // A client connects to "127.0.0.1:80", "/run/x" or, to any host, "80". Fails with
  // CONNECTION_REFUSED if nobody listens there or its queue is full.
  absl::StatusOr<Client> Connect(absl::string_view address, const Peer& peer = {});
  // The client goes away, accepted or not.
  static void HangUp(const Client& client) { client->client_left = true; }
  // A datagram, or bytes into a FIFO. Fails if there is nobody.
  absl::Status SendTo(absl::string_view address,
                      std::string data,
                      const Peer& peer = {},
                      std::vector<std::shared_ptr<FakeFile>> files = {});
  // A packet of a connected client.
  static void Say(const Client& client, std::string data) {
    client->packets.push_back({std::move(data), {}, client->peer, false});
  }
  // As if somebody who holds a copy had called shutdown(2) on it.
  bool Break(absl::string_view address);
  // The address belongs to another program from here on, or does not any more.
  void Occupy(absl::string_view address) { occupied_[std::string(address)] = true; }
  void Vacate(absl::string_view address) { occupied_.erase(std::string(address)); }
  // What is open at `address`; null if nothing is.
  std::shared_ptr<FakeFile> Find(absl::string_view address) const;
  // Connections and packets that wait at `address`.
  size_t Waiting(absl::string_view address) const;
  // Every client there ever was.
  const std::vector<Client>& clients() const { return clients_; }

  // ---- for the fake kernel ----

  absl::StatusOr<std::shared_ptr<FakeFile>> Listen(const ListenSpec& spec);
  // The next connection for `pid` (0: the daemon), if any; a client that has left is told apart by
  // client_left.
  static Client Accept(FakeFile& port, int pid);
  // Connections, packets and bytes that wait at `port`.
  static size_t WaitingAt(const FakeFile& port);
  // False: it is bound to a path that is no more, or that another has.
  bool HasItsNode(const FakeFile& file) const;
  // What tells apart whoever waits at `port`, as far as Linux can.
  static std::vector<uint64_t> Queued(const FakeFile& port);
  // Everything that waits at `port` is lost; how much that was.
  static size_t Flush(FakeFile& port);
  absl::Status RemoveQueue(const std::string& name, uint64_t node);
  // Called when something has arrived anywhere.
  void OnArrival(std::function<void(const FakeFile&)> tell) { tell_ = std::move(tell); }

 private:
  absl::Status CheckFree(const ListenSpec& spec, const std::string& text) const;
  absl::StatusOr<uint64_t> FindDevice(const std::string& path) const;
  absl::StatusOr<uint64_t> MakeNode(const ListenSpec& spec, const std::string& path);

  FakeFiles& files_;
  std::vector<std::weak_ptr<FakeFile>> ports_;
  std::map<std::string, bool> occupied_;
  std::map<std::string, uint64_t> queues_;  // message queues by name, and their inodes
  std::vector<Client> clients_;
  std::function<void(const FakeFile&)> tell_;
  uint16_t next_port_ = 40000;
  uint64_t next_cookie_ = 1;
};

}  // namespace socketd::sim
