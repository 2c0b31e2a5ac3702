// What must outlive even the keeper is held by whoever supervises it, if that stores descriptors
// (sd_notify(3), FDSTORE=1). It gets bags: sockets in whose queues descriptors travel and never
// arrive. A bag is one descriptor above, is given once, and its content changes without another
// word, so thousands of listeners need few places there and none of their changes has to wait.
// unix(7): what is queued is open as long as the queue is, and needs no number.
//
// Engine thread only.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <set>
#include <unordered_map>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"

#include "server/base/instant.h"
#include "server/kernel/linux_abi.h"

namespace socketd {

class Deposit {
 public:
  // As many as fit twice into a queue of the usual size: 212,992 bytes, about 800 each.
  static constexpr size_t kBagSize = 64;

  // Gives the end of a bag that is to be held to whoever is above.
  using Give = std::function<absl::Status(const UniqueFd& bag)>;
  // Null: nobody is above; nothing is kept here then. `rest`: until whoever is above is asked again
  // that has not taken a bag.
  explicit Deposit(Give give, absl::Duration rest = absl::Seconds(1))
      : give_(std::move(give)), rest_(rest) {}

  bool open() const { return give_ != nullptr; }
  // Holds a copy of `number` from here on. Numbers that are held already stay once. What cannot be
  // held is logged, the first time, and tried again with the next one: a user may have only so many
  // on the way (ETOOMANYREFS, unix(7)), or the supervisor did not take the bag. `id`: what it is to
  // be known by to whoever gets it back.
  void Add(int number, uint64_t id = 0);
  // To be called before it is closed; at no moment is anything else missing.
  void Remove(int number);

  struct Item {
    UniqueFd fd;
    uint64_t id = 0;
  };
  // Copies of all that is in a bag, in order; all of it stays. For whoever gets one back, and may
  // be killed before it has bags of its own.
  static std::vector<Item> Look(int bag);

 private:
  struct Bag {
    UniqueFd in;
    UniqueFd out;
    std::vector<int> numbers;  // in the order of the queue
  };

  void PutMissing();
  absl::Status Put(int number);
  absl::Status Send(const Bag& bag, int number) const;
  void Take(Bag& bag, int number);
  absl::StatusOr<Bag*> BagWithRoom();

  const Give give_;
  const absl::Duration rest_;
  std::vector<std::unique_ptr<Bag>> bags_;
  std::unordered_map<int, Bag*> by_number_;
  std::unordered_map<int, uint64_t> ids_;  // of those that have one
  std::set<int> missing_;                  // that should be held
  bool complained_ = false;
  Instant again_ = Instant::Start();  // not before
};

}  // namespace socketd
