#include "server/engine/job_ends.h"

#include <cstddef>
#include <memory>

#include "server/engine/job.h"

namespace socketd {

void WhenAllEnded(const std::vector<Unit*>& units,
                  std::function<void(const FailedJobs& failed)> ended) {
  struct Waiting {
    std::function<void(const FailedJobs&)> ended;
    FailedJobs failed;
    size_t left = 0;
  };
  auto waiting = std::make_shared<Waiting>();
  waiting->ended = std::move(ended);
  for (Unit* unit : units) {
    if (unit->job() == nullptr) continue;
    ++waiting->left;
    unit->job()->askers.push_back([waiting, name = unit->name()](const absl::Status& status) {
      if (!status.ok()) waiting->failed.emplace_back(name, status);
      if (--waiting->left == 0) waiting->ended(waiting->failed);
    });
  }
  if (waiting->left == 0) waiting->ended({});
}

}  // namespace socketd
