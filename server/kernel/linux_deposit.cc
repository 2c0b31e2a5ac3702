#include "server/kernel/linux_deposit.h"

#include <sys/socket.h>

#include <array>
#include <cerrno>
#include <utility>

#include "server/base/errors.h"
#include "server/base/log.h"
#include "server/kernel/linux_poll.h"
#include "server/kernel/linux_rights.h"

namespace socketd {
namespace {

// What goes with a descriptor.
absl::string_view BytesOf(const uint64_t& id) {
  return {reinterpret_cast<const char*>(&id), sizeof(id)};
}

// Takes the first one out. What is received without room for it is let go of by the kernel, and was
// never open here: to close a stranger's file may wait.
void Drop(int bag) {
  uint64_t id = 0;
  recv(bag, &id, sizeof(id), MSG_DONTWAIT);
}

}  // namespace

void Deposit::Add(int number, uint64_t id) {
  if (!open() || by_number_.contains(number)) return;
  missing_.insert(number);
  if (id != 0) ids_[number] = id;
  PutMissing();
}

void Deposit::Remove(int number) {
  missing_.erase(number);
  ids_.erase(number);
  const auto found = by_number_.find(number);
  if (found == by_number_.end()) return;
  Bag& bag = *found->second;
  by_number_.erase(found);
  Take(bag, number);
  PutMissing();
}

void Deposit::PutMissing() {
  if (!missing_.empty() && Poller::Now() < again_) return;
  while (!missing_.empty()) {
    if (const absl::Status put = Put(*missing_.begin()); !put.ok()) {
      if (!std::exchange(complained_, true)) LogFailure(Level::kWarning, "deposit.incomplete", put);
      again_ = Poller::Now() + rest_;
      return;
    }
    missing_.erase(missing_.begin());
  }
}

std::vector<Deposit::Item> Deposit::Look(int bag) {
  std::vector<Item> content;
  // From the first one; each look goes on behind the one before (socket(7)).
  const int start = 0;
  if (setsockopt(bag, SOL_SOCKET, SO_PEEK_OFF, &start, sizeof(start)) != 0) return content;
  while (true) {
    absl::StatusOr<RawPacket> packet = ReceivePacket(bag, MSG_PEEK);
    if (!packet.ok() || packet->data.empty()) return content;
    uint64_t id = 0;
    packet->data.copy(reinterpret_cast<char*>(&id), sizeof(id));
    for (UniqueFd& fd : packet->fds)
      content.push_back({std::move(fd), id});
  }
}

absl::Status Deposit::Put(int number) {
  absl::StatusOr<Bag*> bag = BagWithRoom();
  if (!bag.ok()) return bag.status();
  if (absl::Status sent = Send(**bag, number); !sent.ok()) return sent;
  (*bag)->numbers.push_back(number);
  by_number_[number] = *bag;
  return absl::OkStatus();
}

absl::Status Deposit::Send(const Bag& bag, int number) const {
  const auto found = ids_.find(number);
  const uint64_t id = found != ids_.end() ? found->second : 0;
  return SendPacket(bag.in.get(), BytesOf(id), {number});
}

// The others once more behind all, then all from the front: a queue gives nothing from its middle.
void Deposit::Take(Bag& bag, int number) {
  std::vector<int> stay;
  for (const int other : bag.numbers) {
    if (other == number) continue;
    if (Send(bag, other).ok()) {
      stay.push_back(other);
    } else {
      by_number_.erase(other);
      missing_.insert(other);
    }
  }
  for (size_t i = 0; i < bag.numbers.size(); ++i)
    Drop(bag.out.get());
  bag.numbers = std::move(stay);
}

absl::StatusOr<Deposit::Bag*> Deposit::BagWithRoom() {
  for (auto bag = bags_.rbegin(); bag != bags_.rend(); ++bag)
    if ((*bag)->numbers.size() < kBagSize) return bag->get();
  std::array<int, 2> ends{-1, -1};
  if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, ends.data()) != 0)
    return SystemError(errno, "socketpair");
  // No child needs them.
  auto bag = std::make_unique<Bag>(Bag{Raised(UniqueFd(ends[0])), Raised(UniqueFd(ends[1])), {}});
  if (absl::Status given = give_(bag->out); !given.ok()) return given;
  bags_.push_back(std::move(bag));
  return bags_.back().get();
}

}  // namespace socketd
