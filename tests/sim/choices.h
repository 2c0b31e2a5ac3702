// All paths through a body of code that picks among choices: run the body, call Next, run it again,
// until Next says that every path was taken. The body must pick in the same way on the same path.
#pragma once

#include <cstddef>
#include <vector>

#include "server/base/check.h"

namespace socketd::sim {

class Choices {
 public:
  // 0 .. count - 1.
  size_t Pick(size_t count) {
    CHECK(count > 0);
    if (at_ == picks_.size()) picks_.push_back({0, count});
    CHECK(picks_[at_].count == count);  // else the body is not the same on the same path
    return picks_[at_++].pick;
  }

  // Makes ready for the next path; false: that was the last one.
  bool Next() {
    at_ = 0;
    while (!picks_.empty() && picks_.back().pick + 1 == picks_.back().count)
      picks_.pop_back();
    if (picks_.empty()) return false;
    ++picks_.back().pick;
    return true;
  }

 private:
  struct Picked {
    size_t pick = 0;
    size_t count = 0;
  };
  std::vector<Picked> picks_;
  size_t at_ = 0;
};

}  // namespace socketd::sim
