// What user and group names stand for. The name service may ask a server in another town, so a
// thread of its own does it, one question after the other; answers are kept for a few seconds.
// Everything but the thread's own function runs on the engine thread.
#pragma once

#include <condition_variable>
#include <cstdint>
#include <deque>
#include <functional>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/status/statusor.h"

#include "server/base/instant.h"
#include "server/kernel/types.h"

namespace socketd {

// What a process gets from its User=, Group= and SupplementaryGroups=.
struct Identity {
  std::optional<uint32_t> uid;  // unset: the daemon's
  std::optional<uint32_t> gid;
  std::vector<uint32_t> groups;  // supplementary; only where `uid` is set or some were asked for
  bool set_groups = false;
  std::string name;  // of the user; empty: no entry
  std::string home;
  std::string shell;
};

struct IdentityQuestion {
  IdentityQuery names;
  std::vector<std::string> supplementary_groups;
  bool all_groups = false;  // also those the user is a member of
};

class Lookups {
 public:
  struct Answer {
    uint64_t id = 0;
    absl::StatusOr<Identity> identity;
  };

  // `wake` is called from the thread when an answer is there.
  explicit Lookups(std::function<void()> wake) : wake_(std::move(wake)) {}
  Lookups(const Lookups&) = delete;
  Lookups& operator=(const Lookups&) = delete;
  ~Lookups();

  // Known already, and not older than a few seconds. Null: it has to be asked for.
  const Identity* Known(const IdentityQuestion& question, Instant now);
  // The answer comes with `id`, by TakeAnswers.
  void Ask(uint64_t id, IdentityQuestion question);
  std::vector<Answer> TakeAnswers(Instant now);

 private:
  struct Asked {
    uint64_t id = 0;
    IdentityQuestion question;
    absl::StatusOr<Identity> identity = Identity{};
  };
  struct Cached {
    Identity identity;
    Instant until;
  };

  void Run();

  std::function<void()> wake_;
  absl::flat_hash_map<std::string, Cached> cache_;

  std::mutex mutex_;
  std::condition_variable changed_;
  std::deque<Asked> questions_;
  std::vector<Asked> answers_;
  bool stopping_ = false;
  std::thread thread_;  // started by the first question
};

}  // namespace socketd
