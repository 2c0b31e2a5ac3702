// What the daemon before left behind (server/keeper/life.h): its descriptors, which are open in
// this one's table under the numbers they had, how its children ended, and the memory that outlives
// both. Each descriptor is taken once; what nobody takes is closed at the end, and what nobody
// could take at the beginning, before anything else is opened: the table may be full. Where there
// was no daemon before there is nothing, and nothing costs anything. Engine thread only.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/types/span.h"

#include "server/keeper/life.h"
#include "server/kernel/kept.h"
#include "server/kernel/linux_abi.h"
#include "server/kernel/types.h"

namespace socketd {

// Of a pipe each end has its own, although both are one inode. kNone: it cannot be told, as of
// epolls, timers and events, which have one inode for all.
FileId FileIdOf(int fd);

class Estate {
 public:
  explicit Estate(const Life& life);
  Estate(const Estate&) = delete;
  Estate& operator=(const Estate&) = delete;
  ~Estate();

  // Not the first life of a daemon that is kept.
  bool inherited() const { return life_.number > 1; }
  int life() const { return life_.number; }

  bool IsKeeper(int pid) const { return life_.kept() && pid == life_.page->keeper; }

  // What Kernel::Memory promises.
  absl::Span<char> Memory(size_t size);

  // Which descriptors strangers have sent, here or in a life before. A look at them may wait for
  // their sender, so nobody looks: they are neither ports nor connections.
  const std::shared_ptr<Arrivals>& arrivals() const { return arrivals_; }
  // Of one that has arrived.
  KeptId KeptIdOf(int number) const;

  // Nothing: it was not open, or has been taken.
  UniqueFd Take(FileId id);
  UniqueFd Take(KeptId id);
  // A connection, by its cookie (SO_COOKIE, socket(7)).
  UniqueFd TakeConnection(uint64_t cookie);
  // Those that were accepted at that address.
  std::vector<UniqueFd> TakeConnections(const SocketAddress& bound);
  // The pidfd of the process that was born so; where pidfds have inodes of their own only.
  UniqueFd TakePidfd(uint64_t born);
  // A socket that listens, or receives, at the address of `spec` and is of its kind; of several the
  // one with the lowest number. One that cannot become what `spec` wants is closed instead.
  UniqueFd TakeListener(const ListenSpec& spec);
  // Closes those that keep `spec` from being bound, as its unit was changed while no daemon was
  // there. False: there are none.
  bool DropInTheWay(const ListenSpec& spec);

  // How a child of the daemon before ended, if the keeper has seen it.
  std::optional<Exit> EndOf(const ProcessId& id) const;

  // Gives up what is left, number by number.
  void End(const std::function<void(int)>& close);

 private:
  struct Left {
    int number = -1;
    FileId id = FileId::kNone;
  };

  struct Listener {
    size_t place = 0;  // in left_
    int type = 0;
    SocketAddress bound;
  };

  void LookAt(int number, std::vector<size_t>& sockets);
  bool IsArrival(int number);
  void LookAtSockets(const std::vector<size_t>& sockets);
  UniqueFd TakeAt(size_t place);

  const Life life_;
  const std::shared_ptr<Arrivals> arrivals_;
  std::vector<Left> left_;  // by number; -1: taken
  absl::flat_hash_map<FileId, size_t> by_id_;
  absl::flat_hash_map<KeptId, size_t> by_arrival_;
  absl::flat_hash_map<uint64_t, size_t> by_birth_;
  std::vector<Listener> listeners_;                                   // from the highest number
  absl::flat_hash_map<std::string, std::vector<size_t>> by_address_;  // places, the lowest last
  absl::flat_hash_map<uint64_t, size_t> connections_;                 // by cookie
  void* mapped_ = nullptr;
  size_t mapped_size_ = 0;
};

}  // namespace socketd
