// A watcher of all units that goes on from the revision it knows whenever its stream breaks, as a
// client does, and sees to it that no change comes twice, never, or from nowhere, and
// that nobody had to be told that an end was not known.
#pragma once

#include <atomic>
#include <cstdint>
#include <map>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

namespace socketd::real {

class Follower {
 public:
  explicit Follower(const std::string& address);
  ~Follower();
  Follower(const Follower&) = delete;
  Follower& operator=(const Follower&) = delete;

  // Has seen this revision; false after 20 s.
  bool Reach(int64_t revision);
  // What was wrong; at most ten of them.
  std::vector<std::string> complaints() const;
  int64_t revision() const { return revision_; }
  // How often the stream broke.
  int breaks() const { return breaks_; }

 private:
  struct Stub;
  void Follow(Stub& stub);

  std::atomic<bool> over_{false};
  std::atomic<int64_t> revision_{0};
  std::atomic<int> breaks_{0};
  mutable std::mutex mutex_;
  std::vector<std::string> complaints_;
  std::map<std::string, std::string> seen_;  // where each unit's last change led
  std::atomic<void*> context_{nullptr};      // of the present stream
  std::thread thread_;
};

}  // namespace socketd::real
