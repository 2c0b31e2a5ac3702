#include "tests/sim/fake_faults.h"

namespace socketd::sim {

absl::string_view NameOf(Call call) {
  static constexpr std::array<absl::string_view, static_cast<size_t>(Call::kCount)> kNames = {
      "Listen",      "Restore",       "Reconfigure", "Accept",      "Arm",      "Pipe",
      "Read",        "Receive",       "Send",        "Keep",        "NewGroup", "Spawn",
      "Adopt",       "Signal",        "SignalGroup", "TakeLookup",  "ReadFile", "StampOf",
      "Inspect",     "ListDirectory", "WriteFile",   "MakeSymlink", "Remove",   "RemoveTree",
      "RemoveQueue", "TakeOver",      "AdoptGroup",  "Readopt"};
  return kNames[static_cast<size_t>(call)];
}

void FakeFaults::FailCall(uint64_t nth, int error) {
  nth_ = nth;
  nth_error_ = error;
}

void FakeFaults::FailNext(Call call, int error, int times, int skip) {
  any_planned_ = true;
  planned_[static_cast<size_t>(call)] = Planned{error, times, skip};
}

int FakeFaults::Count(Call call) {
  if (++calls_ == nth_) {
    hit_ = std::string(NameOf(call));
    return nth_error_;
  }
  Planned& planned = planned_[static_cast<size_t>(call)];
  if (planned.times == 0) return 0;
  if (planned.skip > 0) {
    --planned.skip;
    return 0;
  }
  --planned.times;
  return planned.error;
}

}  // namespace socketd::sim
