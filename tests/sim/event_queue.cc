#include "tests/sim/event_queue.h"

#include <algorithm>

namespace socketd::sim {

void EventQueue::Push(uint64_t about, const Event& event) {
  Item item{RankOf(event.kind), dice_.Next() >> 1, about, event};
  for (const Item& other : items_) {
    if (about != 0 && other.about == about && other.rank == item.rank) {
      item.order = std::max(item.order, other.order + 1);
    }
  }
  items_.push_back(item);
}

void EventQueue::Drop(uint64_t about) {
  items_.erase(std::remove_if(items_.begin(), items_.end(),
                              [about](const Item& item) { return item.about == about; }),
               items_.end());
}

void EventQueue::Take(size_t limit, std::vector<Event>& events) {
  std::sort(items_.begin(), items_.end());
  const size_t count = std::min(limit, items_.size());
  for (size_t i = 0; i < count; ++i)
    events.push_back(items_[i].event);
  items_.erase(items_.begin(), items_.begin() + static_cast<std::ptrdiff_t>(count));
}

}  // namespace socketd::sim
