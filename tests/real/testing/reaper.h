// Waits for all children of this process as long as it lives, as init does: what a killed keeper or
// daemon leaves becomes ours, and how it ended is known to others only when we have waited for it.
// Made before any other thread; whoever wants the exit status of a child ends it first.
#pragma once

#include <atomic>
#include <thread>

namespace socketd::real {

class Reaper {
 public:
  Reaper();
  ~Reaper();
  Reaper(const Reaper&) = delete;
  Reaper& operator=(const Reaper&) = delete;

 private:
  void Run() const;

  std::atomic<bool> over_{false};
  std::thread thread_;
};

}  // namespace socketd::real
