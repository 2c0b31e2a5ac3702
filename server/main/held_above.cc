#include "server/main/held_above.h"

#include <algorithm>

#include "server/base/log.h"
#include "server/main/handed.h"

namespace socketd {
namespace {

// Of which nothing is known; a queue of messages to systemd has room for about ten (unix(7),
// max_dgram_qlen).
constexpr int kLivesBefore = 4;

}  // namespace

HeldAbove::HeldAbove(const Life& life, const Supervisor& supervisor)
    : life_(life), supervisor_(supervisor), wanted_(life.kept() && supervisor.there()) {}

Deposit::Give HeldAbove::Giver() const {
  if (!wanted_) return nullptr;
  return [supervisor = supervisor_, name = BagName(life_.number)](const UniqueFd& bag) {
    return supervisor.Store(bag.get(), name);
  };
}

void HeldAbove::Settle() const {
  const bool left = life_.last_ready != 0;
  if (!supervisor_.there() || (!wanted_ && !left)) return;
  if (!wanted_) {
    supervisor_.Forget(kMemoryName);
  } else if (const absl::Status stored = supervisor_.Store(life_.memory, kMemoryName);
             !stored.ok()) {
    LogFailure(Level::kWarning, "supervisor.unreachable", stored);
  }
  // One that was ready had done this for those before it.
  const int first = left ? life_.last_ready : life_.number - kLivesBefore;
  for (int life = std::max(1, first); life < life_.number; ++life)
    supervisor_.Forget(BagName(life));
}

void HeldAbove::Drop() const {
  if (!wanted_) return;
  supervisor_.Forget(kMemoryName);
  supervisor_.Forget(BagName(life_.number));
}

}  // namespace socketd
