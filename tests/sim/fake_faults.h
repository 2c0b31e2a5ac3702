// Which calls of the fake kernel fail. Every call that can fail is counted; a test asks for the
// n-th of all, or for the next ones of a kind, to fail with an errno of its choice.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "absl/strings/string_view.h"

namespace socketd::sim {

enum class Call : uint8_t {
  kListen,
  kRestore,
  kReconfigure,
  kAccept,
  kArm,
  kPipe,
  kRead,
  kReceive,
  kSend,
  kKeep,
  kNewGroup,
  kSpawn,
  kAdopt,
  kSignal,
  kSignalGroup,
  kTakeLookup,
  kReadFile,
  kStampOf,
  kInspect,
  kListDirectory,
  kWriteFile,
  kMakeSymlink,
  kRemove,
  kRemoveTree,
  kRemoveQueue,
  kTakeOver,
  kAdoptGroup,
  kReadopt,
  kCount,
};

absl::string_view NameOf(Call call);

class FakeFaults {
 public:
  // The `nth` counted call from the beginning (from 1) fails with `error`.
  void FailCall(uint64_t nth, int error);
  // The next `times` calls of this kind fail; `skip` of them pass before.
  void FailNext(Call call, int error, int times = 1, int skip = 0);

  // Counts a call; the errno it shall fail with, or 0.
  int Count(Call call);

  uint64_t calls() const { return calls_; }
  // Whether any call has failed, or is to.
  bool any() const { return nth_ != 0 || any_planned_; }
  // The call that FailCall hit; empty: none yet.
  const std::string& hit() const { return hit_; }

 private:
  struct Planned {
    int error = 0;
    int times = 0;
    int skip = 0;
  };

  uint64_t calls_ = 0;
  uint64_t nth_ = 0;
  int nth_error_ = 0;
  bool any_planned_ = false;
  std::string hit_;
  std::array<Planned, static_cast<size_t>(Call::kCount)> planned_{};
};

}  // namespace socketd::sim
