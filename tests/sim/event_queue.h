// Events of the fake kernel that wait for the next Poll, in the order that the promise gives
// (server/kernel/kernel.h) and otherwise in one that the seed picks. What is known about one child
// or group is taken back when its owner drops it.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "server/kernel/types.h"
#include "tests/sim/dice.h"

namespace socketd::sim {

class EventQueue {
 public:
  explicit EventQueue(Dice& dice) : dice_(dice) {}

  // `about`: the child, group or lookup; events about the same one keep their order. 0: nobody.
  void Push(uint64_t about, const Event& event);
  void Drop(uint64_t about);
  bool empty() const { return items_.empty(); }
  void Clear() { items_.clear(); }

  // Moves at most `limit` events into `events`.
  void Take(size_t limit, std::vector<Event>& events);

 private:
  struct Item {
    int rank = 0;
    uint64_t order = 0;
    uint64_t about = 0;
    Event event;
    friend bool operator<(const Item& left, const Item& right) {
      return left.rank != right.rank ? left.rank < right.rank : left.order < right.order;
    }
  };

  Dice& dice_;
  std::vector<Item> items_;
};

}  // namespace socketd::sim
