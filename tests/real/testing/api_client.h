// What tests ask of a daemon over its API: blocking calls, each bounded by 30 s, and a watcher that
// reads changes when it is asked to. One thread. Failures are the API's own: code and message; the
// reason is in the message.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"

namespace socketd::v1 {
class Unit;
}  // namespace socketd::v1

namespace socketd::real {

// The "state" that a unit enters when it is deleted, as instances are at their end.
inline constexpr char kGone[] = "";

// The states of units, from the moment it was opened.
class Watcher {
 public:
  struct Call;
  explicit Watcher(std::unique_ptr<Call> call);
  ~Watcher();

  // Every state that `unit` entered since the last call for it, up to and with `state`. Ends early
  // when 30 s have passed: then the last element is not `state`.
  std::vector<std::string> Until(const std::string& unit, const std::string& state);
  // The same for the next unit that enters `state` and whose name starts with `prefix`; its name,
  // empty when 30 s have passed.
  std::string NextThat(const std::string& prefix, const std::string& state);
  // The names of all units that were moved, in the order of their moves into `state`.
  std::vector<std::string> Entered(const std::string& state, size_t count);

 private:
  std::unique_ptr<Call> call_;
};

// A unit as it is to be.
struct Wish {
  std::string unit;
  std::string text;
};
struct ApplyOptions {
  bool restart = false;
  int64_t expected_revision = 0;
};

class ApiClient {
 public:
  explicit ApiClient(const std::string& address);
  ~ApiClient();

  absl::Status Start(const std::string& unit);
  absl::Status StartWithoutWaiting(const std::string& unit);
  absl::Status Stop(const std::string& unit);
  absl::Status Restart(const std::string& unit);
  absl::Status ReloadUnit(const std::string& unit);
  absl::Status Clean(const std::string& unit);
  absl::Status Pause(const std::string& unit);
  absl::Status Resume(const std::string& unit);
  absl::Status Delete(const std::string& unit);
  absl::Status ResetFailed(const std::string& unit);
  absl::Status Reload();
  absl::Status Apply(const std::vector<Wish>& units, const ApplyOptions& options = {});
  // The revision of a plan; 0: it was refused.
  int64_t Plan(const std::vector<Wish>& units);
  absl::StatusOr<v1::Unit> Get(const std::string& unit);
  // The address that the first listener of a socket unit is bound to; empty: none.
  std::string Bound(const std::string& unit);
  std::string State(const std::string& unit);
  int MainPid(const std::string& unit);
  // Why the daemon cannot do what this capability names; empty: it can.
  std::string Lacks(const std::string& capability);
  std::vector<std::string> Names(const std::string& pattern);
  // Returns when the snapshot has come: what happens from then on is seen.
  std::unique_ptr<Watcher> Watch();

 private:
  struct Channel;
  std::unique_ptr<Channel> channel_;
};

}  // namespace socketd::real
