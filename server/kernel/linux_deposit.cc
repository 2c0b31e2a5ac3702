#include "server/kernel/linux_deposit.h"

#include <sys/socket.h>

#include <array>
#include <cerrno>
#include <utility>

#include "server/base/errors.h"
#include "server/base/log.h"
#include "server/kernel/linux_rights.h"

namespace socketd {
namespace {

// What goes with a descriptor: a message must not be empty, or its end could not be told from it.
constexpr absl::string_view kFiller = "d";

}  // namespace

void Deposit::Add(int number) {
  if (!open() || by_number_.contains(number)) return;
  missing_.insert(number);
  PutMissing();
}

void Deposit::Remove(int number) {
  missing_.erase(number);
  const auto found = by_number_.find(number);
  if (found == by_number_.end()) return;
  Bag& bag = *found->second;
  by_number_.erase(found);
  Take(bag, number);
  PutMissing();
}

void Deposit::PutMissing() {
  while (!missing_.empty()) {
    if (const absl::Status put = Put(*missing_.begin()); !put.ok()) {
      if (!std::exchange(complained_, true)) LogFailure(Level::kWarning, "deposit.incomplete", put);
      return;
    }
    missing_.erase(missing_.begin());
  }
}

std::vector<UniqueFd> Deposit::Empty(int bag) {
  std::vector<UniqueFd> content;
  while (true) {
    absl::StatusOr<RawPacket> packet = ReceivePacket(bag, 0);
    if (!packet.ok() || packet->data.empty()) return content;
    for (UniqueFd& fd : packet->fds)
      content.push_back(std::move(fd));
  }
}

absl::Status Deposit::Put(int number) {
  absl::StatusOr<Bag*> bag = BagWithRoom();
  if (!bag.ok()) return bag.status();
  if (absl::Status sent = SendPacket((*bag)->in.get(), kFiller, {number}); !sent.ok()) return sent;
  (*bag)->numbers.push_back(number);
  by_number_[number] = *bag;
  return absl::OkStatus();
}

// The others once more behind all, then all from the front: a queue gives nothing from its middle.
void Deposit::Take(Bag& bag, int number) {
  std::vector<int> stay;
  for (const int other : bag.numbers) {
    if (other == number) continue;
    if (SendPacket(bag.in.get(), kFiller, {other}).ok()) {
      stay.push_back(other);
    } else {
      by_number_.erase(other);
      missing_.insert(other);
    }
  }
  for (size_t i = 0; i < bag.numbers.size(); ++i)
    ReceivePacket(bag.out.get(), 0).IgnoreError();
  bag.numbers = std::move(stay);
}

absl::StatusOr<Deposit::Bag*> Deposit::BagWithRoom() {
  for (auto bag = bags_.rbegin(); bag != bags_.rend(); ++bag)
    if ((*bag)->numbers.size() < kBagSize) return bag->get();
  std::array<int, 2> ends{-1, -1};
  if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, ends.data()) != 0)
    return SystemError(errno, "socketpair");
  auto bag = std::make_unique<Bag>(Bag{UniqueFd(ends[0]), UniqueFd(ends[1]), {}});
  if (absl::Status given = give_(bag->out.get()); !given.ok()) return given;
  bags_.push_back(std::move(bag));
  return bags_.back().get();
}

}  // namespace socketd
