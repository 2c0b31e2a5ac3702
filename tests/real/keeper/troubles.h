// What can befall a daemon and its guards while it serves: each trouble strikes and is over, and
// what it was about is checked at once; the rest at the end, with the load. Units of its own count:
// a service that is crashed, one that is started and stopped by operators, and files that are made
// when there is no room.
#pragma once

#include <cstdint>
#include <random>
#include <string>

#include "tests/real/keeper/under_load.h"

namespace socketd::real {

class Troubles : public UnderLoad {
 protected:
  void SetUp() override;
  void TearDown() override;

  void BeginTroubles();
  // One of them; its name.
  std::string Strike(std::mt19937_64& random);
  // When the load has ended: what was counted is what was done.
  void EndTroubles();

 private:
  using Trouble = void (Troubles::*)();
  struct Named {
    const char* name;
    Trouble strike;
  };
  static const Named kAll[];

  void StopTheDaemonForAMoment();
  void FreezeAllForAMoment();
  void KillKeeperAndDaemon();
  void CrashAService();
  void StartOrStopAService();
  void FillTheDisk();
  void RunOutOfDescriptors();

  // Every other time.
  bool Sometimes() { return odd_ = !odd_; }
  // Calls until a daemon answers; the last answer.
  template <typename Call>
  absl::Status Insist(const Call& call);

  bool own_state_ = false;  // the state folder is a small file system of its own
  bool flip_runs_ = false;
  bool odd_ = false;
  int struck_ = 0;
  uint32_t crashes_ = 0;
  int files_ = 0;
};

}  // namespace socketd::real
